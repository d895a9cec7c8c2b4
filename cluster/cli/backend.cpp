#include "actors/worker/backend_process.hpp"
#include "cluster/cli/verbs.hpp"
#include "cluster/node/version.hpp"

namespace troupe::cli {

void add_backend(CLI::App& app, Shell& shell) {
  CLI::App* verb = app.add_subcommand("backend", "Serve one replica as a process of a node; nodes start it");
  verb->group("");
  auto options = std::make_shared<worker::BackendProcessOptions>();
  options->software = std::string("troupe ") + cluster::software_version;
  verb->add_option("--connect", options->connect, "The node's socket, ipc://PATH")->required();
  verb->add_option("--lifeline", options->lifeline, "Descriptor that reads as ended when the node is gone")->required();
  verb->callback([options, &shell] {
    shell.verb = [options, &shell]() -> Result<Exit> {
      TROUPE_CHECK(worker::run_backend_process(*options, shell.clock));
      return Exit::ok;
    };
  });
}

}  // namespace troupe::cli
