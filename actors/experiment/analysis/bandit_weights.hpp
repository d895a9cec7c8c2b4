#pragma once
// Bandit weights: the next allocation of an experiment whose weights follow what variants earn.

#include <optional>
#include <vector>

#include "actors/experiment/ledger/aggregates.hpp"
#include "actors/experiment/lifecycle/record.hpp"

namespace troupe::experiment {

/// By the first goal, over all units so far, each unit's value a reward; of a goal with `direction: decrease` what is
/// less earns more. The same rows give the same weights. None: it has no bandit, the time for the next allocation has
/// not come, or the weights stay within half a percent. Errors: of values that no policy takes.
Result<std::optional<std::vector<double>>> bandit_weights(const ExperimentRecord& record, const Aggregates& rows,
                                                          WallTime now);

}  // namespace troupe::experiment
