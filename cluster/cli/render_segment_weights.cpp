#include "cluster/cli/render_segment_weights.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/cli/table.hpp"

namespace troupe::cli {

using nlohmann::json;

std::string render_segment_weights(const json& experiment) {
  std::vector<std::pair<std::string, json>> last;  // In the order in which segments first come: that of their numbers.
  for (const json& revision : experiment.value("revisions", json::array())) {
    if (!revision.contains("segment")) return {};
    const std::string segment = revision.value("segment", "");
    const auto known = std::ranges::find(last, segment, &std::pair<std::string, json>::first);
    known == last.end() ? void(last.emplace_back(segment, revision)) : void(known->second = revision);
  }
  if (last.empty()) return {};
  std::vector<std::string> header{"SEGMENT", "REVISION"};
  for (const json& variant : experiment.value("variants", json::array())) header.push_back(variant.value("name", ""));
  Table table(std::move(header));
  for (const auto& [segment, revision] : last) {
    std::vector<std::string> row{segment, std::to_string(revision.value("number", 0))};
    for (const json& weight : revision.value("weights", json::array()))
      row.push_back(fmt::format("{:g}%", 100 * weight.get<double>()));
    table.add(std::move(row));
  }
  return "\n" + table.str();
}

}  // namespace troupe::cli
