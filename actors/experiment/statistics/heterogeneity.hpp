#pragma once
// Heterogeneity: whether an effect is the same in all parts of an experiment's units.

#include <span>

#include "actors/experiment/statistics/estimate.hpp"
#include "actors/experiment/statistics/summary.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// Cochran's Q over parts that share no unit: the sum of squared distances of their effects to the common one, each
/// weighted by 1 / standard_error^2; chi-squared with one degree of freedom less than there are parts where all have
/// the same effect (Cochran 1954, "The combination of estimates from different experiments"). For large parts. Of one
/// look at a time that was chosen before: looked at again and again it finds what is not there. Refuses fewer than two
/// parts, and estimates that are not finite or have no standard error above 0.
Result<OmnibusResult> cochran_q(std::span<const Estimate> parts);

}  // namespace troupe::experiment
