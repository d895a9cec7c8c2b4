#include "cluster/node/version.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "cluster/cli/verbs.hpp"
#include "runtime/wire/envelope.hpp"

namespace troupe::cli {

void add_version(CLI::App& app, Shell& shell) {
  CLI::App* verb = app.add_subcommand("version", "This program's version");
  auto json = std::make_shared<bool>(false);
  verb->add_flag("--json", *json, "Print JSON");
  verb->callback([json, &shell] {
    shell.verb = [json]() -> Result<Exit> {
      if (*json) {
        std::cout << nlohmann::json{{"version", cluster::software_version}, {"protocol", wire::protocol_number}}.dump()
                  << '\n';
      } else {
        std::cout << "troupe " << cluster::software_version << '\n';
      }
      return Exit::ok;
    };
  });
}

}  // namespace troupe::cli
