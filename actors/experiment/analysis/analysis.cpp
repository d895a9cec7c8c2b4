#include "actors/experiment/analysis/analysis.hpp"

#include <fmt/format.h>

#include <cmath>

namespace troupe::experiment {

std::string text_of(const Comparison& comparison) {
  if (!comparison.difference) return comparison.reason;
  const bool is_share = comparison.relative.has_value();
  const Interval& interval = is_share ? comparison.relative_interval : comparison.interval;
  const auto number = [&](double value) {
    return is_share ? fmt::format("{:+.1f} %", 100 * value) : fmt::format("{:+.4g}", value);
  };
  const std::string change = number(is_share ? *comparison.relative : *comparison.difference);
  if (std::isinf(interval.low) && std::isinf(interval.high)) return change;
  return fmt::format("{} [{}, {}]", change, number(interval.low), number(interval.high));
}

}  // namespace troupe::experiment
