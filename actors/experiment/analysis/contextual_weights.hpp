#pragma once
// Contextual weights: an allocation for each segment, by what variants earned in it and in those that share its parts.

#include "actors/experiment/ledger/aggregates.hpp"
#include "actors/experiment/lifecycle/revisions.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// What a segment is to the bandit: 1, and for each segmentation as many numbers as it has parts, 1 at the segment's
/// own and 0 elsewhere. So segments share what is known of their parts; a variant that is better only where two parts
/// meet is not seen.
std::vector<double> context_of(const std::vector<protocol::Segmentation>& segmentations, uint32_t segment);

/// The weights of each segment by LinearBandit over all units so far, whose values of `metric` are rewards in standard
/// deviations around their mean, so that its prior and its exploration mean the same for every metric. The same rows
/// give the same weights. Empty: there are no units yet.
Result<std::vector<SegmentWeights>> contextual_weights(const ExperimentRecord& record, const Aggregates& rows,
                                                       uint32_t metric);

}  // namespace troupe::experiment
