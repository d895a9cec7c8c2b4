#pragma once
// CUPED: a metric's difference with less variance, by what was known of the units before the experiment.

#include "actors/experiment/statistics/estimate.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// Of units with a value y and a covariate x from before they were exposed (0 where nothing is known of one). Where a
/// unit makes many requests, y and x are its totals: so clustering is in the variance.
struct CovariateMoments {
  double n = 0;  ///< Units, whole.
  double mean_y = 0;
  double mean_x = 0;
  double m2_y = 0;  ///< sum (y - mean_y)^2
  double m2_x = 0;  ///< sum (x - mean_x)^2
  double m_xy = 0;  ///< sum (y - mean_y)(x - mean_x)
};

struct AdjustedEstimate {
  Estimate adjusted;
  Estimate raw;
  double theta = 0;               ///< Of y on x, pooled within arms.
  double variance_reduction = 0;  ///< 1 - adjusted variance / raw variance; below 0 where x only adds noise.
};

/// Deng, Xu, Kohavi and Walker 2013 ("Improving the sensitivity of online controlled experiments by utilizing
/// pre-experiment data"): y - theta x in place of y, with theta = sum m_xy / sum m2_x over both arms. The difference's
/// expectation stays as it was, since assignment can't move x. Variances are of each arm alone.
///
/// Refuses arms of fewer than 3 units, moments that no values have, a covariate that never varies, and values of y that
/// x leaves nothing of (no standard error).
Result<AdjustedEstimate> cuped(const CovariateMoments& a, const CovariateMoments& b);

}  // namespace troupe::experiment
