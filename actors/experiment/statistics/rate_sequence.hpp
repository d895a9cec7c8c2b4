#pragma once
// Confidence sequences for success rates and their difference: intervals that hold at all times at once.

#include "actors/experiment/statistics/odds_likelihood.hpp"
#include "actors/experiment/statistics/result.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

struct RateSequenceOptions {
  double alpha = 0.05;           ///< (0, 1)
  double prior_successes = 0.5;  ///< (0, 1e9]; with prior_failures the Beta prior that is mixed over.
  double prior_failures = 0.5;   ///< (0, 1e9]
};

/// {p : B(a + s, b + f) / B(a, b) / (p^s (1 - p)^f) < 1 / alpha}: covers an arm's rate at all times with 1 - alpha
/// (Robbins 1970; Howard et al. 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences"). The rate must
/// be constant over the time watched. Refuses no trials.
Result<Interval> rate_sequence(RateCounts counts, RateSequenceOptions options);

/// The second arm's rate less the first's. With E_i(p) the ratio above of arm i, E_1(p) E_2(p + d) is a martingale at
/// the arms' true rates, so {d : min over p of E_1(p) E_2(p + d) < 1 / alpha} covers at all times: narrower than two
/// sequences at alpha / 2. Statistic: log of that minimum at d = 0, an e-value.
/// p_value: min(1, 1 / e). Each arm's rate must be constant over the time watched; where the base rate drifts,
/// RateWatch says whether there is a difference, and strata.hpp how large it is. Refuses an arm without trials.
Result<TestResult> rate_difference_sequence(RateCounts a, RateCounts b, RateSequenceOptions options);

}  // namespace troupe::experiment
