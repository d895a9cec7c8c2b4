#include "cluster/cli/render_experiments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cluster/cli/comparison_cells.hpp"
#include "cluster/cli/render_segment_weights.hpp"
#include "cluster/cli/table.hpp"

namespace troupe::cli {

using nlohmann::json;

namespace {

/// Null where each segment has weights of its own.
std::string weight_of(const json& variant) {
  const double weight = number_in(variant, "weight");
  return std::isnan(weight) ? "by segment" : fmt::format("{:g}%", 100 * weight);
}

std::string variants_of(const json& row) {
  std::string line;
  for (const json& variant : row.value("variants", json::array()))
    line += fmt::format("{}{}@{} {}", line.empty() ? "" : ", ", text_in(variant, "name"), text_in(variant, "version"),
                        weight_of(variant));
  return line;
}

/// Lines: what its numbers say, and why it ended or what of it cannot be done. An end by the rule says both at once.
std::string words_of(const json& row, const json& analysis) {
  const std::string sentence = analysis.is_object() ? text_in(analysis, "sentence") : "";
  const std::string reason = text_in(row, "reason");
  std::string lines;
  if (!sentence.empty() && !reason.starts_with(sentence)) lines += sentence + "\n";
  if (!reason.empty()) lines += reason + "\n";
  return lines;
}

}  // namespace

std::string render_experiments(const json& rows) {
  Table table({"NAME", "MODEL", "STATE", "VARIANTS", "STARTED", "ENDED"});
  for (const json& row : rows)
    table.add({text_in(row, "name"), text_in(row, "model"), text_in(row, "state"), variants_of(row),
               text_in(row, "started"), text_in(row, "ended")});
  return table.str();
}

std::string render_experiment(const json& row) {
  const json analysis = row.value("analysis", json());
  std::string out = fmt::format("{} ({}): {}\n", text_in(row, "name"), text_in(row, "model"), text_in(row, "state"));
  out += words_of(row, analysis);
  if (!analysis.is_object()) return out + variants_of(row) + "\n";
  Table arms({"VARIANT", "VERSION", "WEIGHT", "UNITS"});
  for (const json& variant : analysis.value("variants", json::array()))
    arms.add({text_in(variant, "name"), text_in(variant, "version"), weight_of(variant),
              std::to_string(variant.value("units", uint64_t{0}))});
  const json comparisons = analysis.value("comparisons", json::array());
  const bool is_believed = std::ranges::any_of(comparisons, [](const json& one) { return one.contains("belief"); });
  Table metrics(
      {"METRIC", "VARIANT", "CONTROL", "TREATED", "CHANGE", "INTERVAL", is_believed ? "P(BETTER)" : "P", "SURE"});
  for (const json& one : comparisons) {
    metrics.add({text_in(one, "metric"), text_in(one, "variant"),
                 fmt::format("{:.4g}", number_in(one.value("control", json()), "value")),
                 fmt::format("{:.4g}", number_in(one.value("treated", json()), "value")), change_cell(one),
                 interval_cell(one),
                 is_believed ? fmt::format("{:.3g}", number_in(one.value("belief", json()), "better"))
                             : fmt::format("{:.2g}", number_in(one, "adjusted_p")),
                 one.value("significant", false) ? "yes" : "no"});
  }
  out += "\n" + arms.str() + render_segment_weights(row) + "\n" + metrics.str();
  for (const json& finding : analysis.value("health", json::array()))
    if (!finding.value("healthy", true)) out += "\nSick: " + text_in(finding, "sentence") + "\n";
  return out;
}

}  // namespace troupe::cli
