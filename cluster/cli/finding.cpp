#include "cluster/cli/finding.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::cli {
namespace {

const char* name_of(Finding::Level level, const LevelNames& names) {
  return names[static_cast<size_t>(level)];
}

}  // namespace

bool is_healthy(const std::vector<Finding>& findings) {
  return std::ranges::none_of(findings, [](const Finding& finding) { return finding.level == Finding::Level::fail; });
}

std::string format_findings(const std::vector<Finding>& findings, const LevelNames& names) {
  std::string text;
  for (const Finding& finding : findings) {
    text += fmt::format("{:<4}  {}\n", name_of(finding.level, names), finding.what);
    if (!finding.advice.empty()) text += fmt::format("      {}\n", finding.advice);
  }
  return text;
}

nlohmann::json json_of(const std::vector<Finding>& findings, const LevelNames& names) {
  nlohmann::json rows = nlohmann::json::array();
  for (const Finding& finding : findings)
    rows.push_back({{"level", name_of(finding.level, names)}, {"what", finding.what}, {"advice", finding.advice}});
  return rows;
}

}  // namespace troupe::cli
