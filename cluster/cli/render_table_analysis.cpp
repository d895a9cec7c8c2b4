#include "cluster/cli/render_table_analysis.hpp"

#include <fmt/format.h>

#include <cmath>

#include "cluster/cli/table.hpp"

namespace troupe::cli {

using experiment::Interval;
using experiment::TableAnalysis;
using experiment::TableComparison;
using experiment::UnitComparison;
using nlohmann::json;

namespace {

std::string number_text(const std::optional<double>& number) {
  return number ? fmt::format("{:.4g}", *number) : std::string();
}

/// "+0.01 [-0.02, +0.04]"
std::string with_interval(double value, const std::optional<Interval>& interval, bool is_share) {
  const auto text = [&](double number) {
    if (std::isinf(number)) return std::string(number < 0 ? "-inf" : "+inf");
    return is_share ? fmt::format("{:+.1f}%", 100 * number) : fmt::format("{:+.4g}", number);
  };
  if (!interval) return text(value);
  return fmt::format("{} [{}, {}]", text(value), text(interval->low), text(interval->high));
}

/// What is said beside the difference.
std::string also_text(const UnitComparison& said) {
  std::vector<std::string> parts;
  if (said.estimate)
    parts.push_back(fmt::format("{} {:.4g} [{:.4g}, {:.4g}]", said.estimate->name, said.estimate->value,
                                said.estimate->interval.low, said.estimate->interval.high));
  if (said.probability_greater)
    parts.push_back(fmt::format("greater with a probability of {:.4g}", *said.probability_greater));
  if (said.effect_size) parts.push_back(fmt::format("{} {:.3g}", said.effect_size->name, said.effect_size->value));
  if (said.dispersion) parts.push_back(fmt::format("dispersion {:.3g}", *said.dispersion));
  if (said.variance_reduction) parts.push_back(fmt::format("{:.1f} % less variance", 100 * *said.variance_reduction));
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string rows_of(const TableAnalysis& analysis, bool of_segments) {
  std::vector<std::string> header{"METRIC",   "VARIANT", "UNITS",      "CONTROL", "TREATED", "DIFFERENCE",
                                  "RELATIVE", "P",       "ADJUSTED P", "METHOD",  "ALSO"};
  if (of_segments) header.insert(header.begin(), "SEGMENT");
  Table table(header);
  for (const TableComparison& one : analysis.comparisons) {
    if (one.segment.empty() == of_segments) continue;
    const UnitComparison& said = one.said;
    std::vector<std::string> row{one.metric,
                                 one.variant,
                                 fmt::format("{}/{}", one.control_units, one.treated_units),
                                 number_text(said.control),
                                 number_text(said.treated),
                                 said.difference ? with_interval(*said.difference, said.interval, false) : "",
                                 said.relative ? with_interval(*said.relative, said.relative_interval, true) : "",
                                 said.p_value ? fmt::format("{:.3g}", *said.p_value) : "",
                                 one.adjusted_p ? fmt::format("{:.3g}", *one.adjusted_p) : "",
                                 said.method,
                                 said.reason.empty() ? also_text(said) : said.reason};
    if (of_segments) row.insert(row.begin(), one.segment);
    table.add(std::move(row));
  }
  return table.size() == 0 ? std::string() : table.str();
}

/// JSON has no infinities.
json number(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
}

json ends_of(const Interval& interval) {
  return {number(interval.low), number(interval.high)};
}

json comparison_document(const TableComparison& one) {
  const UnitComparison& said = one.said;
  json made{{"metric", one.metric},
            {"variant", one.variant},
            {"control", {{"units", one.control_units}}},
            {"treated", {{"units", one.treated_units}}}};
  if (!one.segment.empty()) made["segment"] = one.segment;
  if (said.control) made["control"]["value"] = *said.control;
  if (said.treated) made["treated"]["value"] = *said.treated;
  if (!said.method.empty()) made["method"] = said.method;
  const auto put = [&](const char* name, const std::optional<double>& value) {
    if (value) made[name] = number(*value);
  };
  put("difference", said.difference);
  put("relative", said.relative);
  put("statistic", said.statistic);
  put("df", said.df);
  put("p_value", said.p_value);
  put("adjusted_p", one.adjusted_p);
  put("probability_greater", said.probability_greater);
  put("variance_reduction", said.variance_reduction);
  put("dispersion", said.dispersion);
  if (said.interval) made["interval"] = ends_of(*said.interval);
  if (said.relative_interval) made["relative_interval"] = ends_of(*said.relative_interval);
  if (said.estimate)
    made["estimate"] = {{"name", said.estimate->name},
                        {"value", number(said.estimate->value)},
                        {"interval", ends_of(said.estimate->interval)}};
  if (said.effect_size) made["effect_size"] = {{"name", said.effect_size->name}, {"value", said.effect_size->value}};
  if (!said.reason.empty()) made["reason"] = said.reason;
  return made;
}

}  // namespace

std::string render_table_analysis(const TableAnalysis& analysis) {
  std::string text = fmt::format("{} rows;", analysis.rows);
  for (const auto& [variant, units] : analysis.variants) text += fmt::format(" {}: {} units;", variant, units);
  text += fmt::format(" intervals at {:g} %\n\n", 100 * (1 - analysis.alpha));
  text += rows_of(analysis, false);
  if (const std::string segments = rows_of(analysis, true); !segments.empty()) text += "\n" + segments;
  for (const auto& finding : analysis.health)
    text += fmt::format("\n{}: {}\n", finding.healthy ? "Healthy" : "Sick", finding.sentence);
  return text;
}

json table_analysis_document(const TableAnalysis& analysis) {
  json document{{"rows", analysis.rows},          {"crossed_units", analysis.crossed}, {"alpha", analysis.alpha},
                {"healthy", analysis.is_healthy}, {"variants", json::array()},         {"comparisons", json::array()},
                {"health", json::array()}};
  for (const auto& [variant, units] : analysis.variants)
    document["variants"].push_back({{"name", variant}, {"units", units}});
  for (const TableComparison& one : analysis.comparisons) document["comparisons"].push_back(comparison_document(one));
  for (const auto& finding : analysis.health)
    document["health"].push_back(
        {{"healthy", finding.healthy}, {"value", number(finding.value)}, {"sentence", finding.sentence}});
  return document;
}

}  // namespace troupe::cli
