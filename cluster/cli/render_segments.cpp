#include "cluster/cli/render_segments.hpp"

#include <fmt/format.h>

#include "cluster/cli/comparison_cells.hpp"
#include "cluster/cli/table.hpp"

namespace troupe::cli {

using nlohmann::json;

namespace {

/// Of the part's control and of the variant: "290/261".
std::string units_cell(const json& part, const std::string& variant) {
  const json& variants = part.at("variants");
  for (const json& one : variants)
    if (text_in(one, "name") == variant)
      return fmt::format("{}/{}", variants.at(0).value("units", uint64_t{0}), one.value("units", uint64_t{0}));
  return {};
}

std::string table_of(const json& segmentation) {
  Table table({"PART", "METRIC", "VARIANT", "UNITS", "CONTROL", "TREATED", "CHANGE", "INTERVAL", "SURE"});
  for (const json& part : segmentation.at("parts")) {
    const std::string value = part.at("value").is_string() ? part["value"].get<std::string>() : "(others)";
    for (const json& one : part.at("comparisons"))
      table.add({value, text_in(one, "metric"), text_in(one, "variant"), units_cell(part, text_in(one, "variant")),
                 fmt::format("{:.4g}", number_in(one.at("control"), "value")),
                 fmt::format("{:.4g}", number_in(one.at("treated"), "value")), change_cell(one), interval_cell(one),
                 one.value("significant", false) ? "yes" : "no"});
  }
  return table.str();
}

std::string tests_of(const json& segmentation) {
  std::string lines;
  for (const json& test : segmentation.at("heterogeneity"))
    lines += fmt::format("  {} of {}: {}\n", text_in(test, "metric"), text_in(test, "variant"),
                         test.contains("reason") ? text_in(test, "reason")
                                                 : fmt::format("Q = {:.3g}, p = {:.2g}", number_in(test, "q"),
                                                               number_in(test, "adjusted_p")));
  return lines.empty() ? lines : "Do its parts differ in effect? Cochran's Q, of one look:\n" + lines;
}

}  // namespace

std::string render_segments(const json& segments) {
  std::string out = "\nSegments, for looking; none of this decides.\n";
  const json findings = segments.value("findings", json::array());
  if (findings.empty()) out += "No part has a difference that is sure.\n";
  for (const json& one : findings) out += one.get<std::string>() + "\n";
  for (const json& one : segments.at("segmentations"))
    out += fmt::format("\nBy {}\n{}{}", text_in(one, "feature"), table_of(one), tests_of(one));
  out += fmt::format("\nIntervals hold at any time, each with {:.4g} %.\n",
                     100 * (1 - number_in(segments, "interval_alpha")));
  for (const json& one : segments.value("cautions", json::array())) out += one.get<std::string>() + "\n";
  return out;
}

}  // namespace troupe::cli
