#include "actors/experiment/analysis/quantile_comparison.hpp"

#include <algorithm>
#include <cmath>

#include "actors/experiment/analysis/exact_moments.hpp"
#include "actors/experiment/analysis/reading.hpp"
#include "actors/experiment/statistics/quantile_sequence.hpp"

namespace troupe::experiment {
namespace {

/// How many values that know nothing of each other tell as much as units of m values each whose values are all alike,
/// and none can tell less: (sum of m)^2 / sum of m^2 (Kish 1965), which is below the number of units where some have
/// many.
double independent_values(const UnitSums& sums) {
  const auto units = static_cast<double>(sums.units);
  if (sums.units < 1) return 0;
  const Moments values = moments_of(sums);
  const double sum = values.n * values.mean;
  const double sum_of_squares = values.m2 + sum * values.mean;
  return sum_of_squares > 0 ? std::min(units, sum * sum / sum_of_squares) : units;
}

/// The sequence wants values that are independent, so it is given as many as there are worth of. Ranks are rounded, not
/// counts: of a long tail's many buckets, which hold a value or two each, none would be left.
std::vector<Bucket> independent_buckets(const Stratum& arm) {
  const auto events = static_cast<double>(events_in(arm.counts));
  const double keep = events > 0 ? std::min(1.0, independent_values(arm.sums) / events) : 0;
  std::vector<Bucket> buckets;
  int64_t values = 0;
  double kept = 0;
  for (const auto& [bucket, count] : arm.counts) {
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
  comparison.lacks_values = events_in(first.counts) == 0 || events_in(second.counts) == 0;
  if (first.counts.empty() && second.counts.empty()) {
    comparison.reason = "no values yet";
    return comparison;
  }
  QuantileSequenceOptions options;
  options.alpha = definition.rule.alpha;
  options.quantile = asked.quantile;
  options.values_planned = static_cast<double>(std::max<uint64_t>(definition.rule.minimum_units, 1000) * 2);
  const auto said = quantile_difference_sequence(independent_buckets(first), independent_buckets(second), options);
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
