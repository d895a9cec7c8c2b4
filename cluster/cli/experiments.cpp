#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/experiment_events.hpp"
#include "cluster/cli/experiment_verbs.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/render_effects.hpp"
#include "cluster/cli/render_experiments.hpp"
#include "cluster/cli/render_segments.hpp"
#include "cluster/cli/verbs.hpp"

namespace troupe::cli {
namespace {

using nlohmann::json;

struct ExperimentFlags {
  AdminFlags admin;
  std::string name;
  std::string reason;
  std::string output;
  std::vector<double> weights;
  bool with_segments = false;
};

Result<Exit> list(const ExperimentFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json rows, admin.get("experiments"));
  std::cout << (flags.admin.json ? rows.dump(2) + "\n" : render_experiments(rows));
  return Exit::ok;
}

/// Empty where there is nothing to say, as of drafts.
std::string disk_line(const AdminClient& admin, const std::string& name) {
  const auto disk = admin.get("experiments/" + percent_encode(name) + "/disk");
  if (!disk) return {};
  return fmt::format("\nOn disk: {} of its units and sums; {} of all experiments' raw events\n",
                     format_bytes({disk->value("units_and_rows_bytes", uint64_t{0})}),
                     format_bytes({disk->value("raw_bytes_of_all", uint64_t{0})}));
}

/// Where nobody can tell now, why: the rest is worth showing.
json effects_of(const AdminClient& admin, const std::string& name) {
  auto effects = admin.get("experiments/" + percent_encode(name) + "/effects");
  return effects ? std::move(*effects) : json{{"error", effects.error().message}};
}

/// 5 where it ended without an answer.
Exit exit_for(const json& row) {
  const std::string state = row.value("state", "");
  return state == "inconclusive" || state == "invalid" ? Exit::inconclusive : Exit::ok;
}

Result<Exit> status(const ExperimentFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(json row, admin.get("experiments/" + percent_encode(flags.name)));
  if (has_effects(row)) row["effects"] = effects_of(admin, flags.name);
  if (flags.with_segments) {
    TROUPE_TRY(row["segments"], admin.get("experiments/" + percent_encode(flags.name) + "/segments"));
  }
  const std::string segments = flags.with_segments ? render_segments(row["segments"]) : std::string();
  const std::string effects = row.contains("effects") ? render_effects(row["effects"]) : std::string();
  std::cout << (flags.admin.json ? row.dump(2) + "\n"
                                 : render_experiment(row) + effects + segments + disk_line(admin, flags.name));
  return exit_for(row);
}

Result<Exit> act(const ExperimentFlags& flags, const std::string& verb, const json& body, const std::string& done) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json answer, admin.post(fmt::format("experiments/{}/{}", percent_encode(flags.name), verb),
                                           body.is_null() ? "" : body.dump(), "application/json"));
  std::cout << (flags.admin.json ? answer.dump(2) : done) << '\n';
  return Exit::ok;
}

Result<Exit> start(const ExperimentFlags& flags) {
  return act(flags, "start", {},
             fmt::format("{} runs; `troupe experiment status {}` shows what its numbers say", flags.name, flags.name));
}

Result<Exit> stop(const ExperimentFlags& flags) {
  return act(flags, "stop", {{"reason", flags.reason}}, fmt::format("{} is stopped", flags.name));
}

Result<Exit> weigh(const ExperimentFlags& flags) {
  return act(flags, "weights", {{"weights", flags.weights}}, fmt::format("{} has other weights", flags.name));
}

Result<Exit> remove(const ExperimentFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json answer, admin.remove("experiments/" + percent_encode(flags.name)));
  std::cout << (flags.admin.json ? answer.dump(2) : fmt::format("{} is deleted", flags.name)) << '\n';
  return Exit::ok;
}

Result<Exit> export_raw(const ExperimentFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  return export_events(admin, flags.name, flags.output);
}

Result<Exit> count_again(const ExperimentFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  return recount(admin, flags.name, flags.admin.json);
}

Result<Exit> report(const ExperimentFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(std::string page, admin.get_bytes(fmt::format("experiments/{}/{}", percent_encode(flags.name),
                                                           flags.admin.json ? "history" : "report")));
  if (flags.admin.json) page += '\n';
  if (flags.output.empty()) {
    std::cout << page;
    return Exit::ok;
  }
  std::ofstream file(flags.output, std::ios::binary);
  if (!(file << page).flush()) return fail(Errc::io_error, "cannot write {}: {}", flags.output, std::strerror(errno));
  std::cout << "written to " << flags.output << '\n';
  return Exit::ok;
}

}  // namespace

void add_experiments(CLI::App& app, Shell& shell) {
  CLI::App* group =
      app.add_subcommand("experiment", "Experiments on live traffic, and what can be asked before and without one");
  group->require_subcommand(1);
  const auto add = [&](const char* verb, const char* help, Result<Exit> (*run)(const ExperimentFlags&), bool is_named,
                       Duration timeout = AdminFlags{}.timeout) {
    CLI::App* made = group->add_subcommand(verb, help);
    auto flags = std::make_shared<ExperimentFlags>();
    flags->admin.timeout = timeout;
    add_admin_flags(*made, flags->admin);
    if (is_named) made->add_option("NAME", flags->name, "Which")->required();
    made->callback([=, &shell] { shell.verb = [=] { return run(*flags); }; });
    return std::pair{made, flags};
  };
  add_experiment_create(*group, shell);
  add_experiment_power(*group, shell);
  add_experiment_simulate(*group, shell);
  add_experiment_analyze(*group, shell);
  add("list", "All experiments, and how they stand", list, false);
  const auto [teller, told] = add("status", "What an experiment's numbers say", status, true);
  teller->add_flag("--segments", told->with_segments,
                   "And how variants do in each part that its `segments` tell apart");
  add("start", "It assigns units from now on", start, true);
  const auto [stopper, stopped] = add("stop", "It ends without a verdict", stop, true);
  stopper->add_option("--reason", stopped->reason, "Why, for the record");
  const auto [weigher, weighed] =
      add("weights", "Other shares for its variants; as few units move as can", weigh, true);
  weigher->add_option("WEIGHTS", weighed->weights, "One for each variant, such as 0.75 0.25")->required();
  // Of each page, and each slot.
  constexpr std::chrono::minutes patience{5};
  const auto [exporter, exported] = add("export", "Its raw events, as CSV", export_raw, true, patience);
  exporter->add_option("-o,--output", exported->output, "A file (default: stdout)")->type_name("FILE");
  add("recount", "Whether its sums are what its raw events come to, to the last bit", count_again, true, patience);
  const auto [reporter, reported] =
      add("report", "All that its numbers say, as one HTML page; with --json its history", report, true);
  reporter->add_option("-o,--output", reported->output, "Where it is written; standard output without");
  add("delete", "A draft, or one that has ended", remove, true);
}

}  // namespace troupe::cli
