#pragma once
// What it costs to watch an experiment all the time, against a test that looks once when a planned sample is there.

#include <cstdint>
#include <optional>

#include "runtime/base/result.hpp"

namespace troupe::experiment {

struct WatchedTest {
  double alpha = 0.05;     ///< (0, 1), of the one comparison.
  double shift = 0;        ///< The effect over its standard error when the planned sample is there; not 0.
  double prior_ratio = 1;  ///< > 0: the mixture's prior standard deviation over that standard error.
  double first_look = 0;   ///< [0, watched_max]: shares of the planned sample before this decide nothing.
  double power = 0.8;      ///< (0, 1)
};

/// All in planned samples; none: later than watched_max.
struct WatchingCost {
  double mean = 0;  ///< Until the effect is found; those that do not find it count as watched_max.
  std::optional<double> median;
  std::optional<double> for_power;  ///< So many find it with the chance `power`.
  double found_by_plan = 0;         ///< Chance that it is found by the time of the planned sample.
};

inline constexpr double watched_max = 8;

/// Of the normal mixture test (mean_sequence.hpp): 4,000 drawn paths of a Brownian motion with the effect as its drift,
/// looked at a hundred times in each planned sample; right to about 2 % of a planned sample. RateWatch is close to it
/// with its prior on the log odds ratio. The same numbers each time.
Result<WatchingCost> watching_cost(const WatchedTest& test);

}  // namespace troupe::experiment
