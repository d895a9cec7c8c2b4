#include "cluster/cli/render_experiments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cluster/cli/table.hpp"

namespace troupe::cli {

using nlohmann::json;

namespace {

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

}  // namespace

std::string render_experiments(const json& rows) {
  Table table({"NAME", "MODEL", "STATE", "VARIANTS", "STARTED", "ENDED"});
  for (const json& row : rows)
    table.add({text(row, "name"), text(row, "model"), text(row, "state"), variants_of(row), text(row, "started"),
               text(row, "ended")});
  return table.str();
}

std::string render_experiment(const json& row) {
  const json analysis = row.value("analysis", json());
  std::string out = fmt::format("{} ({}): {}\n", text(row, "name"), text(row, "model"), text(row, "state"));
  const std::string sentence = analysis.is_object() ? text(analysis, "sentence") : text(row, "reason");
  if (!sentence.empty()) out += sentence + "\n";
  if (!analysis.is_object()) return out + variants_of(row) + "\n";
  Table arms({"VARIANT", "VERSION", "WEIGHT", "UNITS"});
  for (const json& variant : analysis.value("variants", json::array()))
    arms.add({text(variant, "name"), text(variant, "version"), fmt::format("{:g}%", 100 * number(variant, "weight")),
              std::to_string(variant.value("units", uint64_t{0}))});
  const json comparisons = analysis.value("comparisons", json::array());
  const bool is_believed = std::ranges::any_of(comparisons, [](const json& one) { return one.contains("belief"); });
  Table metrics(
      {"METRIC", "VARIANT", "CONTROL", "TREATED", "CHANGE", "INTERVAL", is_believed ? "P(BETTER)" : "P", "SURE"});
  for (const json& one : comparisons) {
    const bool is_share = one.contains("relative");
    const double change = number(one, is_share ? "relative" : "difference");
    metrics.add({text(one, "metric"), text(one, "variant"),
                 fmt::format("{:.4g}", number(one.value("control", json()), "value")),
                 fmt::format("{:.4g}", number(one.value("treated", json()), "value")),
                 std::isnan(change) ? text(one, "reason")
                 : is_share         ? fmt::format("{:+.1f}%", 100 * change)
                                    : fmt::format("{:+.4g}", change),
                 interval_of(one, is_share ? "relative_interval" : "interval", is_share),
                 is_believed ? fmt::format("{:.3g}", number(one.value("belief", json()), "better"))
                             : fmt::format("{:.2g}", number(one, "adjusted_p")),
                 one.value("significant", false) ? "yes" : "no"});
  }
  out += "\n" + arms.str() + "\n" + metrics.str();
  for (const json& finding : analysis.value("health", json::array()))
    if (!finding.value("healthy", true)) out += "\nSick: " + text(finding, "sentence") + "\n";
  return out;
}

}  // namespace troupe::cli
