#pragma once
// The verbs of `troupe`, a function a group. Each adds its subcommands to `app`; parsing a command line sets `verb`.
// Only for .cpp files: includes CLI11.

#include <CLI/CLI.hpp>
#include <span>

#include "cluster/cli/exit.hpp"
#include "runtime/base/clock.hpp"

namespace troupe::cli {

/// What the groups share; outlives parsing and the verb.
struct Shell {
  Clock& clock;
  std::span<char*> arguments;  ///< As the process got them.
  Verb verb;
};

void add_start(CLI::App& app, Shell& shell);
void add_stop(CLI::App& app, Shell& shell);
void add_views(CLI::App& app, Shell& shell);   ///< status, nodes, actors, get
void add_models(CLI::App& app, Shell& shell);  ///< model add|list|show|promote|…
void add_keys(CLI::App& app, Shell& shell);    ///< key create|list|revoke
void add_deploy(CLI::App& app, Shell& shell);  ///< deploy, apply, delete
void add_logs(CLI::App& app, Shell& shell);
void add_experiments(CLI::App& app, Shell& shell);  ///< experiment list|status|start|…
void add_backup(CLI::App& app, Shell& shell);       ///< backup create|verify|restore
void add_audit(CLI::App& app, Shell& shell);        ///< audit, audit verify
void add_infer(CLI::App& app, Shell& shell);
void add_bench(CLI::App& app, Shell& shell);
void add_doctor(CLI::App& app, Shell& shell);
void add_trust(CLI::App& app, Shell& shell);  ///< token, node
void add_version(CLI::App& app, Shell& shell);
void add_backend(CLI::App& app, Shell& shell);  ///< backend (hidden): docs/worker-protocol.md

}  // namespace troupe::cli
