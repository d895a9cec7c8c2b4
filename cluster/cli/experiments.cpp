#include <cmath>
#include <iostream>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/table.hpp"
#include "cluster/cli/verbs.hpp"

namespace troupe::cli {
namespace {

using nlohmann::json;

struct ExperimentFlags {
  AdminFlags admin;
  std::string name;
  std::string reason;
  std::vector<double> weights;
};

std::string text(const json& row, const char* field) {
  return row.contains(field) && row[field].is_string() ? row[field].get<std::string>() : std::string();
}

double number(const json& row, const char* field) {
  return row.contains(field) && row[field].is_number() ? row[field].get<double>() : std::nan("");
}

std::string variants_of(const json& row) {
  std::string line;
  for (const json& variant : row.value("variants", json::array()))
    line += fmt::format("{}{}@{} {:g}%", line.empty() ? "" : ", ", text(variant, "name"), text(variant, "version"),
                        100 * number(variant, "weight"));
  return line;
}

std::string render_list(const json& rows) {
  Table table({"NAME", "MODEL", "STATE", "VARIANTS", "STARTED", "ENDED"});
  for (const json& row : rows)
    table.add({text(row, "name"), text(row, "model"), text(row, "state"), variants_of(row), text(row, "started"),
               text(row, "ended")});
  return table.str();
}

/// "[+1.2%, +3.4%]"; an open side is shown as such.
std::string interval_of(const json& comparison, const char* field, bool is_share) {
  const json interval = comparison.value(field, json());
  if (!interval.is_array() || interval.size() != 2) return {};
  const auto side = [&](const json& end, const char* open) {
    if (!end.is_number()) return std::string(open);
    return is_share ? fmt::format("{:+.1f}%", 100 * end.get<double>()) : fmt::format("{:+.4g}", end.get<double>());
  };
  return fmt::format("[{}, {}]", side(interval[0], "-inf"), side(interval[1], "+inf"));
}

std::string render_status(const json& row) {
  const json analysis = row.value("analysis", json());
  std::string out = fmt::format("{} ({}): {}\n", text(row, "name"), text(row, "model"), text(row, "state"));
  const std::string sentence = analysis.is_object() ? text(analysis, "sentence") : text(row, "reason");
  if (!sentence.empty()) out += sentence + "\n";
  if (!analysis.is_object()) return out + variants_of(row) + "\n";
  Table arms({"VARIANT", "VERSION", "WEIGHT", "UNITS"});
  for (const json& variant : analysis.value("variants", json::array()))
    arms.add({text(variant, "name"), text(variant, "version"), fmt::format("{:g}%", 100 * number(variant, "weight")),
              std::to_string(variant.value("units", uint64_t{0}))});
  Table metrics({"METRIC", "VARIANT", "CONTROL", "TREATED", "CHANGE", "INTERVAL", "P", "SURE"});
  for (const json& one : analysis.value("comparisons", json::array())) {
    const bool is_share = one.contains("relative");
    const double change = number(one, is_share ? "relative" : "difference");
    metrics.add({text(one, "metric"), text(one, "variant"),
                 fmt::format("{:.4g}", number(one.value("control", json()), "value")),
                 fmt::format("{:.4g}", number(one.value("treated", json()), "value")),
                 std::isnan(change) ? text(one, "reason")
                 : is_share         ? fmt::format("{:+.1f}%", 100 * change)
                                    : fmt::format("{:+.4g}", change),
                 interval_of(one, is_share ? "relative_interval" : "interval", is_share),
                 fmt::format("{:.2g}", number(one, "adjusted_p")), one.value("significant", false) ? "yes" : "no"});
  }
  out += "\n" + arms.str() + "\n" + metrics.str();
  for (const json& finding : analysis.value("health", json::array()))
    if (!finding.value("healthy", true)) out += "\nSick: " + text(finding, "sentence") + "\n";
  return out;
}

Result<Exit> list(const ExperimentFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json rows, admin.get("experiments"));
  std::cout << (flags.admin.json ? rows.dump(2) + "\n" : render_list(rows));
  return Exit::ok;
}

/// 5 where it ended without an answer.
Exit exit_for(const json& row) {
  const std::string state = text(row, "state");
  return state == "inconclusive" || state == "invalid" ? Exit::inconclusive : Exit::ok;
}

Result<Exit> status(const ExperimentFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json row, admin.get("experiments/" + percent_encode(flags.name)));
  std::cout << (flags.admin.json ? row.dump(2) + "\n" : render_status(row));
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

}  // namespace

void add_experiments(CLI::App& app, Shell& shell) {
  CLI::App* group = app.add_subcommand("experiment", "Experiments on live traffic; `troupe apply` defines them");
  group->require_subcommand(1);
  const auto add = [&](const char* verb, const char* help, Result<Exit> (*run)(const ExperimentFlags&), bool is_named) {
    CLI::App* made = group->add_subcommand(verb, help);
    auto flags = std::make_shared<ExperimentFlags>();
    add_admin_flags(*made, flags->admin);
    if (is_named) made->add_option("NAME", flags->name, "Which")->required();
    made->callback([=, &shell] { shell.verb = [=] { return run(*flags); }; });
    return std::pair{made, flags};
  };
  add("list", "All experiments, and how they stand", list, false);
  add("status", "What an experiment's numbers say", status, true);
  add("start", "It assigns units from now on", start, true);
  const auto [stopper, stopped] = add("stop", "It ends without a verdict", stop, true);
  stopper->add_option("--reason", stopped->reason, "Why, for the record");
  const auto [weigher, weighed] =
      add("weights", "Other shares for its variants; as few units move as can", weigh, true);
  weigher->add_option("WEIGHTS", weighed->weights, "One for each variant, such as 0.75 0.25")->required();
  add("delete", "A draft, or one that has ended", remove, true);
}

}  // namespace troupe::cli
