#include <iostream>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/experiment_definitions.hpp"
#include "cluster/cli/experiment_verbs.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/render.hpp"
#include "cluster/cli/text_file.hpp"

namespace troupe::cli {
namespace {

using nlohmann::json;

struct CreateFlags {
  AdminFlags admin;
  std::string file;
  bool start = false;
  bool dry_run = false;
};

Result<Exit> create(const CreateFlags& flags) {
  TROUPE_TRY(const std::string text, read_text(flags.file));
  const std::string file = name_of_text(flags.file);
  TROUPE_TRY(const auto definitions, read_definitions(text, file));
  if (flags.dry_run) {
    json names = json::array();
    for (const auto& definition : definitions) names.push_back(definition.name);
    if (flags.admin.json) std::cout << json{{"valid", names}}.dump(2) << '\n';
    for (const auto& definition : definitions)
      if (!flags.admin.json) std::cout << fmt::format("Experiment {} is well defined\n", definition.name);
    return Exit::ok;
  }
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(json answer, admin.post("apply", text, "application/yaml", file));
  if (!flags.admin.json) std::cout << render_changes(answer) << std::flush;
  for (const auto& definition : definitions) {
    if (!flags.start) break;
    TROUPE_TRY(const json started, admin.post(fmt::format("experiments/{}/start", percent_encode(definition.name)), "",
                                              "application/json"));
    answer["started"].push_back(started);
    if (!flags.admin.json) std::cout << fmt::format("Experiment {} runs\n", definition.name);
  }
  if (flags.admin.json) std::cout << answer.dump(2) << '\n';
  return Exit::ok;
}

}  // namespace

void add_experiment_create(CLI::App& group, Shell& shell) {
  CLI::App* const verb = group.add_subcommand("create", "Define experiments by a file of `kind: Experiment`");
  auto flags = std::make_shared<CreateFlags>();
  add_admin_flags(*verb, flags->admin);
  verb->add_option("FILE", flags->file, "The file; - reads stdin")->required();
  CLI::Option* const start = verb->add_flag("--start", flags->start, "They assign units from now on");
  verb->add_flag("--dry-run", flags->dry_run, "Only say whether the file is right; needs no cluster")->excludes(start);
  verb->callback([=, &shell] { shell.verb = [=] { return create(*flags); }; });
}

}  // namespace troupe::cli
