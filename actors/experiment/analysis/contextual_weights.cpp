#include "actors/experiment/analysis/contextual_weights.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "actors/experiment/analysis/exact_moments.hpp"
#include "actors/experiment/analysis/metric_view.hpp"
#include "actors/experiment/assignment/segments.hpp"
#include "actors/experiment/bandit/linear_bandit.hpp"

namespace troupe::experiment {
namespace {

/// By segment and arm.
using Earned = std::map<std::pair<uint32_t, uint32_t>, UnitSums>;

Earned earned_of(const ExperimentRecord& record, const Aggregates& rows, uint32_t metric) {
  std::map<uint32_t, uint32_t> segment_of_revision;
  for (const Revision& revision : record.revisions) segment_of_revision[revision.number] = revision.segment;
  const MetricView view(rows, record.number, metric);
  Earned earned;
  for (uint32_t arm = 0; arm < record.definition.variants.size(); ++arm)
    for (const Stratum& stratum : view.strata(arm))
      if (const auto known = segment_of_revision.find(stratum.revision); known != segment_of_revision.end())
        earned[{known->second, arm}] += stratum.sums;
  std::erase_if(earned, [](const auto& one) { return one.second.units < 1; });
  return earned;
}

Moments moments_of_all(const Earned& earned) {
  UnitSums all;
  for (const auto& [place, sums] : earned) all += sums;
  return moments_of(all);
}

}  // namespace

std::vector<double> context_of(const std::vector<protocol::Segmentation>& segmentations, uint32_t segment) {
  std::vector<double> context{1};
  const std::vector<uint32_t> parts = parts_of_segment(segmentations, segment);
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t first = context.size();
    context.resize(first + parts_of(segmentations[i]));
    context[first + parts[i]] = 1;
  }
  return context;
}

Result<std::vector<SegmentWeights>> contextual_weights(const ExperimentRecord& record, const Aggregates& rows,
                                                       uint32_t metric) {
  const Definition& definition = record.definition;
  const Earned earned = earned_of(record, rows, metric);
  std::vector<SegmentWeights> all;
  if (earned.empty()) return all;
  const Moments moments = moments_of_all(earned);
  const double deviation = moments.m2 > 0 ? std::sqrt(moments.m2 / moments.n) : 1;
  const double sign = definition.metrics[metric].direction == Direction::decrease ? -1 : 1;
  TROUPE_TRY(LinearBandit bandit,
             LinearBandit::make(definition.variants.size(), {.features = context_of(definition.segments, 1).size(),
                                                             .floor = definition.bandit->floor}));
  for (const auto& [place, sums] : earned) {
    const auto& [segment, arm] = place;
    const Moments own = moments_of(sums);
    TROUPE_CHECK(bandit.add(arm, context_of(definition.segments, segment), own.n,
                            sign * own.n * (own.mean - moments.mean) / deviation));
  }
  for (const uint32_t segment : weighed_segments(definition)) {
    TROUPE_TRY(auto weights, bandit.weights(context_of(definition.segments, segment)));
    all.push_back({segment, std::move(weights)});
  }
  return all;
}

}  // namespace troupe::experiment
