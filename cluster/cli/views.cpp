#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/frame.hpp"
#include "cluster/cli/interrupts.hpp"
#include "cluster/cli/render.hpp"
#include "cluster/cli/verbs.hpp"

namespace troupe::cli {
namespace {

using Render = std::string (*)(const nlohmann::json&);

struct ViewFlags {
  AdminFlags admin;
  std::string name;
  bool watch = false;
  bool tree = false;
};

std::string framed(const std::string& text) {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) size = {};
  return frame(text, size.ws_col, size.ws_row);
}

/// `what` is the view's name in the admin API.
Result<std::string> picture(const ViewFlags& flags, const char* what, Render render) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(nlohmann::json rows, admin.get(what));
  if (!flags.name.empty()) {
    rows = only(rows, flags.name);
    if (rows.empty()) return fail(Errc::not_found, "there is none named {} among the {}", flags.name, what);
  }
  // Watched, each snapshot is a line, for those who read them as they come.
  if (flags.admin.json) return rows.dump(flags.watch ? -1 : 2) + "\n";
  std::string text = render(rows);
  if (!flags.name.empty() && render == render_deployments) text += '\n' + render_deployment(rows[0]);
  return text;
}

Result<Exit> show(const ViewFlags& flags, const char* what, Render render) {
  constexpr Duration interval = std::chrono::seconds{1};
  const bool redraws = flags.watch && ::isatty(STDOUT_FILENO) == 1 && !flags.admin.json;
  if (flags.watch) end_at_interrupts();
  if (redraws) std::cout << "\x1b[2J";
  for (bool is_first = true; !is_interrupted() && std::cout; is_first = false) {
    TROUPE_TRY(const std::string text, picture(flags, what, render));
    if (!is_first && !redraws && !flags.admin.json) std::cout << '\n';
    std::cout << (redraws ? framed(text) : text) << std::flush;
    if (!flags.watch) break;
    pause(interval);
  }
  return Exit::ok;
}

std::shared_ptr<ViewFlags> add_view(CLI::App& app, Shell& shell, const char* name, const char* help, const char* what,
                                    Render render, bool takes_name, bool watches) {
  CLI::App* verb = app.add_subcommand(name, help);
  auto flags = std::make_shared<ViewFlags>();
  if (takes_name) verb->add_option("NAME", flags->name, "Only this one");
  if (watches)
    verb->add_flag("-w,--watch", flags->watch,
                   "Show again every second, until Ctrl-C; on a terminal in place, else one after the other");
  add_admin_flags(*verb, flags->admin);
  verb->callback(
      [=, &shell] { shell.verb = [=] { return show(*flags, what, flags->tree ? render_actor_tree : render); }; });
  return flags;
}

void add_actors(CLI::App& app, Shell& shell, const char* help) {
  const auto flags = add_view(app, shell, "actors", help, "actors", render_actors, false, true);
  app.get_subcommand("actors")->add_flag("-t,--tree", flags->tree, "Each under its supervisor");
}

}  // namespace

void add_views(CLI::App& app, Shell& shell) {
  add_view(app, shell, "status", "How the cluster does: nodes, deployments, replicas", "status", render_status, false,
           true);
  add_view(app, shell, "nodes", "The nodes and what they offer", "nodes", render_nodes, false, true);
  add_actors(app, shell, "The actors of all nodes, their supervisors and back ends: queues, latencies, errors");
  CLI::App* get = app.add_subcommand("get", "List deployments, replicas, models, nodes or actors");
  get->require_subcommand(1);
  add_view(*get, shell, "deployments", "Deployments, or one with its replicas", "deployments", render_deployments, true,
           true);
  get->get_subcommand("deployments")->alias("deployment");
  add_view(*get, shell, "replicas", "Replicas, or those of one deployment: where they are, what they do and take",
           "deployments", render_replicas, true, true);
  get->get_subcommand("replicas")->alias("replica");
  add_view(*get, shell, "models", "Model versions in the store", "models", render_models, true, false);
  get->get_subcommand("models")->alias("model");
  add_view(*get, shell, "nodes", "Nodes", "nodes", render_nodes, true, true);
  get->get_subcommand("nodes")->alias("node");
  add_actors(*get, shell, "Actors");
}

}  // namespace troupe::cli
