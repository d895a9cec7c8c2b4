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
  Duration timeout = std::chrono::seconds{90};
};

/// Workers hand back their replicas first, gateways finish their requests, the head goes last.
int stage_of(const protocol::Roles& roles) {
  return roles.head ? 2 : roles.gateway ? 1 : 0;
}

/// Whether the node is gone afterwards.
bool stop_node(const LocalNode& node, const StopFlags& flags) {
  const auto process = Process::open(*node.pid);
  // The lock is asked again once the process is held, so that no other one with the same pid is meant.
  if (!process || running_process(node.folder) != node.pid) return true;
  std::cout << "stopping " << node.file.name << " (pid " << *node.pid << ") ... " << std::flush;
  process->signal(SIGTERM);
  if (process->wait(flags.timeout)) {
    std::cout << "stopped\n";
    return true;
  }
  if (!flags.force) {
    std::cout << "still draining after " << format_duration(flags.timeout) << '\n';
    return false;
  }
  process->signal(SIGKILL);
  const bool is_gone = process->wait(std::chrono::seconds{10});
  std::cout << (is_gone ? "killed\n" : "cannot be killed\n");
  return is_gone;
}

Result<Exit> stop(const StopFlags& flags) {
  std::vector<LocalNode> nodes = local_nodes(flags.data_root);
  if (!flags.name.empty()) {
    std::erase_if(nodes, [&](const LocalNode& node) { return node.file.name != flags.name; });
    if (nodes.empty()) return fail(Errc::not_found, "no node named '{}' in {}", flags.name, flags.data_root);
  }
  std::stable_sort(nodes.begin(), nodes.end(), [](const LocalNode& a, const LocalNode& b) {
    return stage_of(a.file.roles) < stage_of(b.file.roles);
  });
  size_t stopped = 0;
  std::string left;
  for (const LocalNode& node : nodes) {
    if (node.pid && !stop_node(node, flags)) {
      left += (left.empty() ? "" : ", ") + node.file.name;
      continue;
    }
    stopped += node.pid.has_value();
    if (!node.pid) std::cout << "cleaned up after " << node.file.name << ", which was not running\n";
    std::error_code ignored;
    std::filesystem::remove(node.folder / cluster::node_file_name, ignored);
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
