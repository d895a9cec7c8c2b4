#include "actors/experiment/analysis/quantile_comparison.hpp"

#include <algorithm>
#include <cmath>

#include "actors/experiment/analysis/reading.hpp"
#include "actors/experiment/statistics/quantile_sequence.hpp"

namespace troupe::experiment {
namespace {

/// The share `keep` of the values. Ranks are rounded, not counts: of a long tail's many buckets, which hold a value or
/// two each, none would be left.
std::vector<Bucket> buckets_of_counts(const BucketCounts& counts, double keep) {
  std::vector<Bucket> buckets;
  int64_t values = 0;
  double kept = 0;
  for (const auto& [bucket, count] : counts) {
    values += count;
    const double kept_by_now = std::floor(static_cast<double>(values) * keep + 0.5);
    const double added = kept_by_now - kept;
    kept = kept_by_now;
    if (added < 1) continue;
    buckets.push_back({from_fixed(bucket_begin(bucket)), from_fixed(bucket_begin(static_cast<uint16_t>(bucket + 1))),
                       static_cast<uint64_t>(added)});
  }
  return buckets;
}

}  // namespace

Comparison compare_quantiles(const Definition& definition, uint32_t metric, uint32_t arm, const MetricView& view) {
  const MetricDefinition& asked = definition.metrics[metric];
  const Stratum first = view.whole(0);
  const Stratum second = view.whole(arm);
  Comparison comparison;
  comparison.metric = metric;
  comparison.arm = arm;
  comparison.control = {static_cast<uint64_t>(first.sums.units), quantile_in(first.counts, asked.quantile)};
  comparison.treated = {static_cast<uint64_t>(second.sums.units), quantile_in(second.counts, asked.quantile)};
  const int64_t events = events_in(first.counts) + events_in(second.counts);
  comparison.lacks_values = events_in(first.counts) == 0 || events_in(second.counts) == 0;
  if (events == 0) {
    comparison.reason = "no values yet";
    return comparison;
  }
  // The sequence wants one value a unit. Of units with several, all are taken for one: as wide as if a unit's values
  // were all alike, which none can be worse than.
  const double keep =
      std::min(1.0, static_cast<double>(first.sums.units + second.sums.units) / static_cast<double>(events));
  QuantileSequenceOptions options;
  options.alpha = definition.rule.alpha;
  options.quantile = asked.quantile;
  options.values_planned = static_cast<double>(std::max<uint64_t>(definition.rule.minimum_units, 1000) * 2);
  const auto said = quantile_difference_sequence(buckets_of_counts(first.counts, keep),
                                                 buckets_of_counts(second.counts, keep), options);
  if (!said) {
    comparison.reason = said.error().message;
    return comparison;
  }
  comparison.method = said->method;
  comparison.difference = comparison.treated.value - comparison.control.value;
  comparison.interval = said->interval;
  comparison.p_value = said->p_value;
  comparison.log_evidence = said->statistic;
  if (comparison.control.value <= 0) return comparison;
  comparison.relative = *comparison.difference / comparison.control.value;
  comparison.relative_interval = {said->interval.low / comparison.control.value,
                                  said->interval.high / comparison.control.value};
  return comparison;
}

}  // namespace troupe::experiment
