#pragma once
// Ratio metrics, sum y / sum x over all units, such as latency a request: the unit of analysis (the request) is finer
// than what was assigned (the user), so that the variance is that between units. By the delta method (Deng, Knoblich
// and Lu, "Applying the delta method in metric analytics", KDD 2018, eq. 3):
//   ratio = sum y / sum x,   variance = n / (n - 1) * sum (y - ratio x)^2 / (sum x)^2.
// Tests are normal: for large counts of units.

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

struct RatioEstimate {
  double ratio = 0;
  double standard_error = 0;
};

// All refuse fewer than two units in an arm, and sum x = 0.

Result<RatioEstimate> ratio_of_sums(const RatioMoments& arm);

/// ratio2 - ratio1.
Result<TestResult> ratio_difference(const RatioMoments& first, const RatioMoments& second,
                                    const TestOptions& options = {});

/// ratio2 / ratio1 - 1, again by the delta method. Refuses ratio1 = 0.
Result<TestResult> relative_lift_of_ratios(const RatioMoments& first, const RatioMoments& second,
                                           const TestOptions& options = {});

}  // namespace troupe::experiment
