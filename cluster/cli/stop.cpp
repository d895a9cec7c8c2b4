#include <algorithm>
#include <csignal>
#include <iostream>

#include "cluster/cli/flags.hpp"
#include "cluster/cli/local_nodes.hpp"
#include "cluster/cli/verbs.hpp"

namespace troupe::cli {
namespace {

struct StopFlags {
  std::string data_root;
  std::string name;
  bool all = false;
  bool force = false;
  Duration timeout = std::chrono::seconds{120};
};

/// Gateways finish their requests while there are workers, the head goes last. Nodes of a stage go together: none of
/// them would take over what another hands on.
int stage_of(const protocol::Roles& roles) {
  return roles.head ? 2 : roles.worker ? 1 : 0;
}

/// A node on its way down.
struct Stopping {
  const LocalNode* node;
  std::optional<Process> process;  ///< Empty: it was gone already.
};

Stopping begin_stop(const LocalNode& node) {
  Stopping stopping{&node, node.pid ? Process::open(*node.pid) : std::nullopt};
  // The lock is asked again once the process is held, so that no other one with the same pid is meant.
  if (stopping.process && running_process(node.folder) != node.pid) stopping.process.reset();
  if (stopping.process) stopping.process->signal(SIGTERM);
  return stopping;
}

/// Whether the node is gone afterwards.
bool finish_stop(const Stopping& stopping, const StopFlags& flags) {
  if (!stopping.process) return true;
  std::cout << "stopping " << stopping.node->file.name << " (pid " << *stopping.node->pid << ") ... " << std::flush;
  if (stopping.process->wait(flags.timeout)) {
    std::cout << "stopped\n";
    return true;
  }
  if (!flags.force) {
    std::cout << "still draining after " << format_duration(flags.timeout) << '\n';
    return false;
  }
  stopping.process->signal(SIGKILL);
  const bool is_gone = stopping.process->wait(std::chrono::seconds{10});
  std::cout << (is_gone ? "killed\n" : "cannot be killed\n");
  return is_gone;
}

Result<Exit> stop(const StopFlags& flags) {
  std::vector<LocalNode> nodes = local_nodes(flags.data_root);
  if (!flags.name.empty()) {
    std::erase_if(nodes, [&](const LocalNode& node) { return node.file.name != flags.name; });
    if (nodes.empty()) return fail(Errc::not_found, "no node named '{}' in {}", flags.name, flags.data_root);
  }
  size_t stopped = 0;
  std::string left;
  for (const int stage : {0, 1, 2}) {
    std::vector<Stopping> together;
    for (const LocalNode& node : nodes)
      if (stage_of(node.file.roles) == stage) together.push_back(begin_stop(node));
    for (const Stopping& stopping : together) {
      const LocalNode& node = *stopping.node;
      if (!finish_stop(stopping, flags)) {
        left += (left.empty() ? "" : ", ") + node.file.name;
        continue;
      }
      stopped += node.pid.has_value();
      if (!node.pid) std::cout << "cleaned up after " << node.file.name << ", which was not running\n";
      std::error_code ignored;
      std::filesystem::remove(node.folder / cluster::node_file_name, ignored);
    }
  }
  if (!left.empty())
    return fail(Errc::deadline_exceeded, "not stopped: {}; wait longer with --timeout, or kill with --force", left);
  if (nodes.empty()) std::cout << "no node runs in " << flags.data_root << '\n';
  if (stopped > 0) std::cout << stopped << (stopped == 1 ? " node stopped\n" : " nodes stopped\n");
  return Exit::ok;
}

}  // namespace

void add_stop(CLI::App& app, Shell& shell) {
  CLI::App* verb = app.add_subcommand("stop", "Stop this machine's nodes: they drain, then end");
  auto flags = std::make_shared<StopFlags>();
  auto* name = verb->add_option("--name", flags->name, "Only this node");
  verb->add_flag("--all", flags->all, "All nodes in the data folder (the default)")->excludes(name);
  verb->add_flag("--force", flags->force, "Kill what has not ended after --timeout");
  add_duration(*verb, "--timeout", flags->timeout, "How long to wait for each node");
  add_data_root(*verb, flags->data_root);
  verb->callback([flags, &shell] { shell.verb = [flags] { return stop(*flags); }; });
}

}  // namespace troupe::cli
