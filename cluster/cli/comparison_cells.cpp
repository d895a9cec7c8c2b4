#include "cluster/cli/comparison_cells.hpp"

#include <fmt/format.h>

#include <cmath>

namespace troupe::cli {

using nlohmann::json;

namespace {

bool is_share(const json& comparison) {
  return comparison.contains("relative");
}

std::string text_of(double change, bool is_share) {
  return is_share ? fmt::format("{:+.1f}%", 100 * change) : fmt::format("{:+.4g}", change);
}

}  // namespace

std::string text_in(const json& row, const char* field) {
  return row.contains(field) && row[field].is_string() ? row[field].get<std::string>() : std::string();
}

double number_in(const json& row, const char* field) {
  return row.contains(field) && row[field].is_number() ? row[field].get<double>() : std::nan("");
}

std::string change_cell(const json& comparison) {
  const double change = number_in(comparison, is_share(comparison) ? "relative" : "difference");
  return std::isnan(change) ? text_in(comparison, "reason") : text_of(change, is_share(comparison));
}

std::string interval_cell(const json& comparison) {
  const json interval = comparison.value(is_share(comparison) ? "relative_interval" : "interval", json());
  if (!interval.is_array() || interval.size() != 2) return {};
  if (!interval[0].is_number() && !interval[1].is_number()) return "none yet";
  const auto side = [&](const json& end, const char* open) {
    return end.is_number() ? text_of(end.get<double>(), is_share(comparison)) : std::string(open);
  };
  return fmt::format("[{}, {}]", side(interval[0], "-inf"), side(interval[1], "+inf"));
}

}  // namespace troupe::cli
