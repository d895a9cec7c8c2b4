#include "actors/experiment/analysis/pair_estimate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "actors/experiment/analysis/event_times.hpp"
#include "actors/experiment/analysis/exact_moments.hpp"
#include "actors/experiment/statistics/cuped.hpp"
#include "actors/experiment/statistics/inference.hpp"
#include "actors/experiment/statistics/ratios.hpp"
#include "actors/experiment/statistics/strata.hpp"

namespace troupe::experiment {
namespace {

constexpr double unbounded = std::numeric_limits<double>::infinity();

Result<Estimate> difference_in(const MetricDefinition& metric, const UnitSums& control, const UnitSums& treated) {
  if (metric.kind == MetricKind::ratio)
    return difference_of_ratios(ratio_moments_of(control), ratio_moments_of(treated));
  if (!metric.covariate) return difference_of_means(moments_of(control), moments_of(treated));
  return cuped(covariate_moments_of(control), covariate_moments_of(treated)).map([](const AdjustedEstimate& estimate) {
    return estimate.adjusted;
  });
}

/// The units alone where nothing can be read: there are none, or a ratio has no denominator. The value of survival is
/// read with its hazards.
Reading read(MetricKind kind, const UnitSums& sums, PairEstimate& pair) {
  const Reading units{.units = static_cast<uint64_t>(sums.units)};
  if (kind == MetricKind::survival || sums.units < 1) return units;
  const auto reading = reading_of(kind, sums);
  pair.lacks_values = pair.lacks_values || !reading;
  return reading.value_or(units);
}

std::vector<PairStratum> strata_of(const MetricView& view, uint32_t arm) {
  std::vector<PairStratum> pairs;
  const auto treated = view.strata(arm);
  for (const Stratum& one : view.strata(0)) {
    const auto other = std::ranges::find(treated, one.revision, &Stratum::revision);
    if (other == treated.end() || one.sums.units < stratum_units_min || other->sums.units < stratum_units_min) continue;
    pairs.push_back({one.revision, one.sums, other->sums});
  }
  return pairs;
}

/// The log-rank test's score, revision by revision: (O - E) / V is Peto's estimate of the log of the hazard ratio, and
/// 1 / V its variance (Yusuf et al. 1985).
void estimate_hazards(const MetricView& view, uint32_t arm, const Rules& rules, WallTime now, PairEstimate& pair) {
  const auto control = view.cells(0);
  const auto treated = view.cells(arm);
  LogRankScore score;
  for (const PairStratum& stratum : pair.strata) {
    const auto table = event_times(control, treated, stratum.revision, rules, now);
    score += log_rank_score(table);
    const double share =
        static_cast<double>(stratum.control.units) / std::max<double>(1, static_cast<double>(pair.control.units));
    const double other =
        static_cast<double>(stratum.treated.units) / std::max<double>(1, static_cast<double>(pair.treated.units));
    pair.control.value += share * share_of_events(table, 0);
    pair.treated.value += other * share_of_events(table, 1);
  }
  if (!(score.variance > 0)) {
    pair.reason = "too few units in one revision, or no event while both variants had units";
    return;
  }
  pair.difference = Estimate{score.difference / score.variance, 1 / std::sqrt(score.variance), pair.control.units,
                             pair.treated.units};
}

void estimate_difference(const MetricDefinition& metric, PairEstimate& pair) {
  std::vector<Estimate> estimates;
  for (const PairStratum& stratum : pair.strata)
    if (const auto estimate = difference_in(metric, stratum.control, stratum.treated)) estimates.push_back(*estimate);
  if (estimates.empty()) {
    pair.reason = "too few units in one revision, or nothing varies";
    return;
  }
  const auto combined = combine_strata(estimates);
  combined ? void(pair.difference = *combined) : void(pair.reason = combined.error().message);
}

}  // namespace

PairEstimate estimate_pair(const MetricDefinition& metric, const MetricView& view, uint32_t arm, const Rules& rules,
                           WallTime now) {
  PairEstimate pair;
  const UnitSums control = view.whole(0).sums;
  const UnitSums treated = view.whole(arm).sums;
  pair.control = read(metric.kind, control, pair);
  pair.treated = read(metric.kind, treated, pair);
  if (control.units < 1 || treated.units < 1) {
    pair.reason = "no units yet";
    return pair;
  }
  pair.strata = strata_of(view, arm);
  pair.is_whole = pair.strata.size() == 1 && pair.strata[0].control.units == control.units &&
                  pair.strata[0].treated.units == treated.units;
  if (metric.kind == MetricKind::survival)
    estimate_hazards(view, arm, rules, now, pair);
  else
    estimate_difference(metric, pair);
  return pair;
}

Comparison compared(uint32_t metric, uint32_t arm, const PairEstimate& pair) {
  Comparison comparison;
  comparison.metric = metric;
  comparison.arm = arm;
  comparison.control = {pair.control.units, pair.control.value};
  comparison.treated = {pair.treated.units, pair.treated.value};
  comparison.reason = pair.reason;
  comparison.lacks_values = pair.lacks_values;
  return comparison;
}

void set_interval(Comparison& comparison, MetricKind kind, const PairEstimate& pair, const Interval& interval) {
  if (kind == MetricKind::survival) {
    comparison.difference = comparison.relative = std::expm1(pair.difference->value);
    // That the ratio is above 0 is nothing that was found.
    const double low = std::isinf(interval.low) ? interval.low : std::expm1(interval.low);
    comparison.interval = comparison.relative_interval = {low, std::expm1(interval.high)};
    return;
  }
  comparison.difference = pair.difference->value;
  comparison.interval = interval;
  const Reading& control = pair.control;
  const Reading& treated = pair.treated;
  if (control.value == 0) return;
  // Of a loss (a mean below 0) less of it is an increase.
  const double base = std::abs(control.value);
  comparison.relative = *comparison.difference / base;
  const auto test = relative_lift_by_delta("", {control.value, control.standard_error * control.standard_error},
                                           {treated.value, treated.standard_error * treated.standard_error}, {});
  if (!test || std::isinf(interval.low) || std::isinf(interval.high)) {
    comparison.relative_interval = {-unbounded, unbounded};
    return;
  }
  const double reach = (interval.high - interval.low) / 2 / pair.difference->standard_error;
  // Of the test's interval, one standard error.
  const double one = (test->interval.high - test->interval.low) / 2 / 1.959963984540054;
  comparison.relative_interval = {*comparison.relative - reach * one, *comparison.relative + reach * one};
}

}  // namespace troupe::experiment
