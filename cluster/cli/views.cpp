#include <poll.h>

#include <iostream>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/render.hpp"
#include "cluster/cli/verbs.hpp"

namespace troupe::cli {
namespace {

using Render = std::string (*)(const nlohmann::json&);

struct ViewFlags {
  AdminFlags admin;
  std::string name;
  bool watch = false;
};

/// `what` is the view's name in the admin API.
Result<Exit> show_once(const ViewFlags& flags, const char* what, Render render) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(nlohmann::json rows, admin.get(what));
  if (!flags.name.empty()) {
    rows = only(rows, flags.name);
    if (rows.empty()) return fail(Errc::not_found, "there is none named {} among the {}", flags.name, what);
  }
  if (flags.watch) std::cout << "\x1b[H\x1b[2J";
  std::cout << (flags.admin.json ? rows.dump(2) + "\n" : render(rows));
  if (!flags.admin.json && !flags.name.empty() && render == render_deployments)
    std::cout << '\n' << render_deployment(rows[0]);
  std::cout << std::flush;
  return Exit::ok;
}

Result<Exit> show(const ViewFlags& flags, const char* what, Render render) {
  constexpr int interval_ms = 1000;
  auto end = show_once(flags, what, render);
  while (flags.watch && end && std::cout) {
    ::poll(nullptr, 0, interval_ms);
    end = show_once(flags, what, render);
  }
  return end;
}

CLI::App* add_view(CLI::App& app, Shell& shell, const char* name, const char* help, const char* what, Render render,
                   bool takes_name, bool watches) {
  CLI::App* verb = app.add_subcommand(name, help);
  auto flags = std::make_shared<ViewFlags>();
  if (takes_name) verb->add_option("NAME", flags->name, "Only this one");
  if (watches) verb->add_flag("-w,--watch", flags->watch, "Show again every second");
  add_admin_flags(*verb, flags->admin);
  verb->callback([=, &shell] { shell.verb = [=] { return show(*flags, what, render); }; });
  return verb;
}

}  // namespace

void add_views(CLI::App& app, Shell& shell) {
  add_view(app, shell, "status", "How the cluster does: nodes, deployments, replicas", "status", render_status, false,
           true);
  add_view(app, shell, "nodes", "The nodes and what they offer", "nodes", render_nodes, false, true);
  add_view(app, shell, "actors", "The actors of all nodes: queues, latencies, errors", "actors", render_actors, false,
           true);
  CLI::App* get = app.add_subcommand("get", "List deployments, models, nodes or actors");
  get->require_subcommand(1);
  add_view(*get, shell, "deployments", "Deployments, or one with its replicas", "deployments", render_deployments, true,
           true)
      ->alias("deployment");
  add_view(*get, shell, "models", "Model versions in the store", "models", render_models, true, false)->alias("model");
  add_view(*get, shell, "nodes", "Nodes", "nodes", render_nodes, true, true)->alias("node");
  add_view(*get, shell, "actors", "Actors", "actors", render_actors, false, true);
}

}  // namespace troupe::cli
