#include <csignal>
#include <cstdlib>
#include <iostream>

#include "cluster/cli/verbs.hpp"
#include "cluster/node/version.hpp"
#include "storage/crash_point.hpp"

namespace {

using troupe::cli::Exit;

constexpr const char* description =
    "troupe serves models on a cluster of processes.\n\n"
    "  troupe start --head                     start a cluster on this machine\n"
    "  troupe model add clerk@2 FOLDER         put a model version into its store\n"
    "  troupe deploy clerk@2 --replicas 2      run it\n"
    "  troupe infer clerk '47 + 58 ='          ask it\n"
    "  troupe status                           see how it does\n"
    "  troupe stop                             stop this machine's nodes";

constexpr const char* footer =
    "Exit codes: 0 ok, 1 failed, 2 usage or bad document, 3 nobody answers, 4 unhealthy, 124 timed out.\n"
    "Every verb has --help.";

int run(int argc, char** argv) {
  troupe::SystemClock clock;
  troupe::cli::Shell shell{clock, {argv, static_cast<size_t>(argc)}, {}};
  CLI::App app(description, "troupe");
  app.footer(footer);
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("troupe ") + troupe::cluster::software_version);
  for (const auto add :
       {troupe::cli::add_start, troupe::cli::add_stop, troupe::cli::add_views, troupe::cli::add_models,
        troupe::cli::add_deploy, troupe::cli::add_logs, troupe::cli::add_experiments, troupe::cli::add_keys,
        troupe::cli::add_trust, troupe::cli::add_backup, troupe::cli::add_audit, troupe::cli::add_infer,
        troupe::cli::add_bench, troupe::cli::add_doctor, troupe::cli::add_version, troupe::cli::add_backend}) {
    add(app, shell);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  const troupe::Status armed = troupe::storage::arm_crash_point(std::getenv(troupe::storage::crash_point_variable));
  const troupe::Result<Exit> end = armed ? shell.verb() : troupe::fail(armed.error());
  if (end) return static_cast<int>(*end);
  std::cout.flush();
  const std::string& field = end.error().field;
  std::cerr << "troupe: " << (field.starts_with("--") ? field + ": " : "") << end.error().message << '\n';
  return static_cast<int>(troupe::cli::exit_of(end.error()));
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that went away, of a pipe or a socket, is an error to handle, not a reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const std::exception& exception) {
    std::cerr << "troupe: internal error: " << exception.what() << '\n';
    return static_cast<int>(Exit::failed);
  }
}
