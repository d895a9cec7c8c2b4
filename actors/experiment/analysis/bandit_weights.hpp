#pragma once
// Bandit weights: the next allocations of an experiment whose weights follow what variants earn.

#include <vector>

#include "actors/experiment/ledger/aggregates.hpp"
#include "actors/experiment/lifecycle/revisions.hpp"

namespace troupe::experiment {

/// By the first goal, over all units so far, each unit's value a reward; of a goal with `direction: decrease` what is
/// less earns more. The same rows give the same weights. Only those that change: empty where it has no bandit, the time
/// for the next allocations has not come, or all weights stay within half a percent. Errors: of values that no policy
/// takes.
Result<std::vector<SegmentWeights>> bandit_weights(const ExperimentRecord& record, const Aggregates& rows,
                                                   WallTime now);

}  // namespace troupe::experiment
