#pragma once
// Estimate: a difference between two arms with its standard error, whatever method made it.

#include <cstdint>

#include "actors/experiment/statistics/summary.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// The second arm's value less the first's, from any method whose error is close to normal: those below, cuped.hpp,
/// strata.hpp. Where one unit makes many requests, the standard error must come from unit totals.
struct Estimate {
  double value = 0;
  double standard_error = 0;  ///< > 0
  uint64_t units_a = 0;       ///< Units that it stands on, first arm.
  uint64_t units_b = 0;       ///< Units that it stands on, second arm.
};

/// Of means of units' values, with each arm's own variance. Refuses arms of fewer than 2 units, and values that never
/// vary.
Result<Estimate> difference_of_means(const Moments& a, const Moments& b);

/// Of ratios sum y / sum x of units' totals, e.g. failures over requests of users, by the delta method (ratios.hpp).
/// This is what to watch where requests of a unit go together. Refuses arms of fewer than 2 units, without x, and
/// ratios that never vary.
Result<Estimate> difference_of_ratios(const RatioMoments& a, const RatioMoments& b);

}  // namespace troupe::experiment
