#pragma once
// Exact sums made into the moments that statistics work by. Deviations are taken in integers before anything is
// rounded, so that a small variance beside a large mean keeps all its digits.

#include "actors/experiment/ledger/unit_sums.hpp"
#include "actors/experiment/statistics/cuped.hpp"
#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

/// Of x. Requires units >= 1, here and below.
Moments moments_of(const UnitSums& sums);
/// Of y by x of the statistics, where sums.x is the numerator and sums.y the denominator.
RatioMoments ratio_moments_of(const UnitSums& sums);
/// Of the metric (x) and its covariate (y).
CovariateMoments covariate_moments_of(const UnitSums& sums);

}  // namespace troupe::experiment
