#include "actors/experiment/analysis/analysis.hpp"

#include <fmt/format.h>

namespace troupe::experiment {

std::string text_of(const Comparison& comparison) {
  if (!comparison.difference) return comparison.reason;
  if (!comparison.relative)
    return fmt::format("{:+.4g} [{:+.4g}, {:+.4g}]", *comparison.difference, comparison.interval.low,
                       comparison.interval.high);
  return fmt::format("{:+.1f} % [{:+.1f} %, {:+.1f} %]", 100 * *comparison.relative,
                     100 * comparison.relative_interval.low, 100 * comparison.relative_interval.high);
}

}  // namespace troupe::experiment
