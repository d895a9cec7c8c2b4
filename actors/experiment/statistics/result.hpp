#pragma once
// What a statistical test says. Every test of this folder answers with these, or refuses in words: no number in an
// answer is ever NaN. Intervals may be unbounded on a side, which is an infinity.

#include <optional>
#include <string_view>

namespace troupe::experiment {

struct Interval {
  double low = 0;
  double high = 0;
  bool operator==(const Interval&) const = default;
};

/// Which departures from "no difference" a test looks for, of the second arm from the first.
enum class Alternative { two_sided, less, greater };

struct TestResult {
  std::string_view method;  ///< As reports print it: "Welch's t".
  double statistic = 0;
  std::optional<double> df;  ///< Degrees of freedom, where the method has them.
  double p_value = 1;        ///< [0, 1]
  double estimate = 0;       ///< The second arm's value less the first's, or what the method says instead.
  Interval interval;         ///< Of the estimate, at the confidence asked for.
};

}  // namespace troupe::experiment
