#include "actors/experiment/analysis/watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "actors/experiment/analysis/exact_moments.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/statistics/cuped.hpp"
#include "actors/experiment/statistics/estimate.hpp"
#include "actors/experiment/statistics/family.hpp"
#include "actors/experiment/statistics/inference.hpp"
#include "actors/experiment/statistics/quantile_sequence.hpp"
#include "actors/experiment/statistics/ratios.hpp"
#include "actors/experiment/statistics/sample_ratio.hpp"
#include "actors/experiment/statistics/strata.hpp"

namespace troupe::experiment {
namespace {

/// So many that a normal approximation holds; fewer units of an arm say nothing of a stratum.
constexpr int64_t stratum_units_min = 10;

/// An arm's value and its standard error, of one stratum.
struct Reading {
  double value = 0;
  double standard_error = 0;
  uint64_t units = 0;
};

Result<Reading> reading_of(MetricKind kind, const UnitSums& sums) {
  if (kind == MetricKind::ratio) {
    TROUPE_TRY(const RatioEstimate ratio, ratio_of_sums(ratio_moments_of(sums)));
    return Reading{ratio.ratio, ratio.standard_error, static_cast<uint64_t>(sums.units)};
  }
  const Moments moments = moments_of(sums);
  const double error = moments.n < 2 ? 0 : std::sqrt(moments.m2 / (moments.n - 1) / moments.n);
  return Reading{moments.mean, error, static_cast<uint64_t>(sums.units)};
}

/// The difference in one stratum.
Result<Estimate> difference_in(const MetricDefinition& metric, const UnitSums& control, const UnitSums& treated) {
  if (metric.kind == MetricKind::ratio)
    return difference_of_ratios(ratio_moments_of(control), ratio_moments_of(treated));
  if (!metric.covariate) return difference_of_means(moments_of(control), moments_of(treated));
  return cuped(covariate_moments_of(control), covariate_moments_of(treated)).map([](const AdjustedEstimate& estimate) {
    return estimate.adjusted;
  });
}

/// Both arms of each revision that both have enough units in.
std::vector<std::pair<const Stratum*, const Stratum*>> pairs_of(const std::vector<Stratum>& control,
                                                                const std::vector<Stratum>& treated) {
  std::vector<std::pair<const Stratum*, const Stratum*>> pairs;
  for (const Stratum& one : control) {
    const auto other = std::ranges::find(treated, one.revision, &Stratum::revision);
    if (other == treated.end() || one.sums.units < stratum_units_min || other->sums.units < stratum_units_min) continue;
    pairs.emplace_back(&one, &*other);
  }
  return pairs;
}

RateCounts rates_of(const UnitSums& sums) {
  return {static_cast<uint64_t>(sums.units), static_cast<uint64_t>(sums.x >> fixed_bits)};
}

/// The interval relative to the control's value: as many standard errors of the relative difference as `interval` has
/// of the difference.
void set_relative(Comparison& comparison, double standard_error, const Reading& control, const Reading& treated) {
  if (control.value == 0 || !comparison.difference) return;
  const auto relative = relative_lift_by_delta("", {control.value, control.standard_error * control.standard_error},
                                               {treated.value, treated.standard_error * treated.standard_error}, {});
  if (!relative) return;
  comparison.relative = *comparison.difference / control.value;
  const double reach = (comparison.interval.high - comparison.interval.low) / 2 / standard_error;
  // Of the test's interval, one standard error.
  const double one = (relative->interval.high - relative->interval.low) / 2 / 1.959963984540054;
  comparison.relative_interval = {*comparison.relative - reach * one, *comparison.relative + reach * one};
}

std::vector<Bucket> buckets_of_counts(const BucketCounts& counts, double keep) {
  std::vector<Bucket> buckets;
  for (const auto& [bucket, count] : counts) {
    const double kept = std::floor(static_cast<double>(count) * keep + 0.5);
    if (kept < 1) continue;
    buckets.push_back({from_fixed(bucket_begin(bucket)), from_fixed(bucket_begin(static_cast<uint16_t>(bucket + 1))),
                       static_cast<uint64_t>(kept)});
  }
  return buckets;
}

int64_t events_in(const BucketCounts& counts) {
  int64_t events = 0;
  for (const auto& [bucket, count] : counts) events += count;
  return events;
}

double quantile_in(const BucketCounts& counts, double quantile) {
  const double rank = quantile * static_cast<double>(events_in(counts));
  double before = 0;
  for (const auto& [bucket, count] : counts) {
    if (before + static_cast<double>(count) >= rank) {
      const double low = from_fixed(bucket_begin(bucket));
      const double high = from_fixed(bucket_begin(static_cast<uint16_t>(bucket + 1)));
      return low + (high - low) * std::clamp((rank - before) / static_cast<double>(count), 0.0, 1.0);
    }
    before += static_cast<double>(count);
  }
  return 0;
}

}  // namespace

Watch::Watch(const ExperimentRecord& record)
    : record_(record),
      rules_(rules_of(record.definition, record.number, wall_time_from_unix_microseconds(record.started_unix_us))) {
  const Definition& definition = record_.definition;
  for (uint32_t index = 0; index < definition.metrics.size(); ++index) {
    for (uint32_t arm = 1; arm < definition.variants.size(); ++arm) {
      Question question{index, arm, {}, {}};
      MeanSequenceOptions means;
      means.alpha = definition.rule.alpha;
      means.units_planned = std::max<uint64_t>(definition.rule.minimum_units, 1000) * 4;
      if (auto made = MeanWatch::make(means)) question.means = std::move(*made);
      if (definition.metrics[index].kind == MetricKind::conversion) {
        RateWatchOptions rates;
        rates.alpha = definition.rule.alpha;
        if (auto made = RateWatch::make(rates)) question.rates = std::move(*made);
      }
      questions_.push_back(std::move(question));
    }
  }
}

void Watch::update(const ExperimentRecord& record) {
  record_ = record;
}

Analysis Watch::look(const Aggregates& aggregates, WallTime now, EventCounts lost) {
  Analysis analysis;
  analysis.at = now;
  analysis.elapsed = std::chrono::microseconds{unix_microseconds(now) - record_.started_unix_us};
  for (uint32_t arm = 0; arm < record_.definition.variants.size(); ++arm)
    analysis.units.push_back(
        static_cast<uint64_t>(std::max<int64_t>(MetricView(aggregates, record_.number, 0).whole(arm).sums.units, 0)));
  for (Question& question : questions_) analysis.comparisons.push_back(compare(question, aggregates, now));
  adjust(analysis.comparisons);
  analysis.health = check_health(aggregates, lost);
  analysis.is_healthy = std::ranges::all_of(analysis.health, &Finding::healthy);
  return analysis;
}

Comparison Watch::compare(Question& question, const Aggregates& aggregates, WallTime now) {
  const MetricView view(aggregates, record_.number, question.metric);
  Comparison comparison;
  comparison.metric = question.metric;
  comparison.arm = question.arm;
  switch (metric(question.metric).kind) {
    case MetricKind::quantile:
      compare_quantiles(question, view, comparison);
      break;
    case MetricKind::survival:
      comparison.reason = "is analysed from the units' records";
      break;
    default:
      compare_by_estimate(question, view, comparison);
      if (question.rates) follow_rates(question, view, now, comparison);
  }
  return comparison;
}

/// By the difference within each revision: a ramp must not compare different times.
void Watch::compare_by_estimate(Question& question, const MetricView& view, Comparison& comparison) const {
  const MetricDefinition& asked = metric(question.metric);
  const auto control = view.strata(0);
  const auto treated = view.strata(question.arm);
  std::vector<Estimate> estimates;
  for (const auto& [first, second] : pairs_of(control, treated)) {
    const auto estimate = difference_in(asked, first->sums, second->sums);
    if (estimate) estimates.push_back(*estimate);
  }
  const UnitSums all_control = view.whole(0).sums;
  const UnitSums all_treated = view.whole(question.arm).sums;
  if (all_control.units < 1 || all_treated.units < 1) {
    comparison.reason = "no units yet";
    return;
  }
  const Reading first = reading_of(asked.kind, all_control).value_or(Reading{});
  const Reading second = reading_of(asked.kind, all_treated).value_or(Reading{});
  comparison.control = {static_cast<uint64_t>(all_control.units), first.value};
  comparison.treated = {static_cast<uint64_t>(all_treated.units), second.value};
  if (estimates.empty()) {
    comparison.reason = "too few units in one revision, or nothing varies";
    return;
  }
  const auto combined = combine_strata(estimates);
  if (!combined || !question.means) {
    comparison.reason = combined ? "no sequence" : combined.error().message;
    return;
  }
  comparison.difference = combined->value;
  comparison.interval = {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  if (const Status looked = question.means->look(*combined); !looked) {
    comparison.reason = looked.error().message;
    return;
  }
  const auto said = question.means->now();
  if (!said) {
    comparison.reason = said.error().message;
    return;
  }
  comparison.method = said->method;
  comparison.interval = said->interval;
  comparison.p_value = said->p_value;
  comparison.log_evidence = question.means->log_evidence();
  set_relative(comparison, combined->standard_error, first, second);
}

void Watch::compare_quantiles(const Question& question, const MetricView& view, Comparison& comparison) const {
  const MetricDefinition& asked = metric(question.metric);
  const Stratum first = view.whole(0);
  const Stratum second = view.whole(question.arm);
  comparison.control = {static_cast<uint64_t>(first.sums.units), quantile_in(first.counts, asked.quantile)};
  comparison.treated = {static_cast<uint64_t>(second.sums.units), quantile_in(second.counts, asked.quantile)};
  const int64_t events = events_in(first.counts) + events_in(second.counts);
  if (events == 0) {
    comparison.reason = "no values yet";
    return;
  }
  // The sequence wants one value a unit. Of units with several, all are taken for one: as wide as if a unit's values
  // were all alike, which none can be worse than.
  const double keep =
      std::min(1.0, static_cast<double>(first.sums.units + second.sums.units) / static_cast<double>(events));
  QuantileSequenceOptions options;
  options.alpha = record_.definition.rule.alpha;
  options.quantile = asked.quantile;
  const auto said = quantile_difference_sequence(buckets_of_counts(first.counts, keep),
                                                 buckets_of_counts(second.counts, keep), options);
  if (!said) {
    comparison.reason = said.error().message;
    return;
  }
  comparison.method = said->method;
  comparison.difference = comparison.treated.value - comparison.control.value;
  comparison.interval = said->interval;
  comparison.p_value = said->p_value;
  comparison.log_evidence = said->statistic;
  if (comparison.control.value <= 0) return;
  comparison.relative = *comparison.difference / comparison.control.value;
  comparison.relative_interval = {said->interval.low / comparison.control.value,
                                  said->interval.high / comparison.control.value};
}

/// Evidence by the exact test, of units whose window is closed: what they did can no longer change.
void Watch::follow_rates(Question& question, const MetricView& view, WallTime now, Comparison& comparison) const {
  const int64_t closed_us = unix_microseconds(now) - rules_.window_us - rules_.starts_unix_us;
  const auto control = view.cells(0);
  const auto treated = view.cells(question.arm);
  const auto position = [](const Cell& cell) { return std::pair(cell.revision, cell.bucket); };
  std::map<std::pair<uint32_t, int64_t>, std::pair<RateCounts, RateCounts>> fresh;
  const auto take = [&](const std::vector<Cell>& cells, bool is_control) {
    for (const Cell& cell : cells) {
      const bool is_closed = (cell.bucket + 1) * rules_.bucket_us <= closed_us;
      if (!is_closed || position(cell) < std::pair(question.next_revision, question.next_bucket)) continue;
      auto& both = fresh[position(cell)];
      (is_control ? both.first : both.second) = rates_of(cell.sums);
    }
  };
  take(control, true);
  take(treated, false);
  for (const auto& [where, both] : fresh) {
    if (where.first != question.next_revision) question.rates->close_batch();
    if (!question.rates->add(both.first, both.second)) continue;
    question.next_revision = where.first;
    question.next_bucket = where.second + 1;
  }
  const auto said = question.rates->now();
  if (!said) return;
  comparison.method = said->method;
  comparison.p_value = said->p_value;
  comparison.log_evidence = question.rates->log_evidence();
}

/// All goals of all variants are one family. What was once significant stays so.
void Watch::adjust(std::vector<Comparison>& comparisons) {
  std::vector<Hypothesis> family;
  std::vector<size_t> members;
  for (size_t i = 0; i < comparisons.size(); ++i) {
    if (metric(comparisons[i].metric).role != MetricRole::goal) continue;
    family.push_back({comparisons[i].log_evidence, 1});
    members.push_back(i);
  }
  const auto verdicts = family_verdicts(family, record_.definition.rule.alpha);
  if (!verdicts) return;
  for (size_t i = 0; i < members.size(); ++i) {
    Comparison& comparison = comparisons[members[i]];
    Question& question = questions_[members[i]];
    comparison.adjusted_p = (*verdicts)[i].adjusted_p;
    question.was_significant = question.was_significant || (*verdicts)[i].rejected;
    comparison.is_significant = question.was_significant;
  }
}

std::vector<Finding> Watch::check_health(const Aggregates& aggregates, EventCounts lost) const {
  std::vector<Finding> findings;
  const auto keep = [&](Result<Finding> finding) {
    if (finding) findings.push_back(std::move(*finding));
  };
  const MetricView view(aggregates, record_.number, 0);
  const MetricView crossed(aggregates, record_.number, crossed_units);
  std::vector<RevisionCounts> revisions;
  uint64_t units = 0;
  uint64_t crossings = 0;
  for (const Revision& revision : record_.revisions)
    revisions.push_back({revision.weights, std::vector<uint64_t>(revision.weights.size())});
  for (uint32_t arm = 0; arm < record_.definition.variants.size(); ++arm) {
    const auto add = [&](const std::vector<Stratum>& strata, uint64_t& total) {
      for (const Stratum& stratum : strata) {
        const auto revision = std::ranges::find(record_.revisions, stratum.revision, &Revision::number);
        const auto count = static_cast<uint64_t>(std::max<int64_t>(stratum.sums.units, 0));
        total += count;
        if (revision != record_.revisions.end())
          revisions[static_cast<size_t>(revision - record_.revisions.begin())].units[arm] += count;
      }
    };
    add(view.strata(arm), units);
    add(crossed.strata(arm), crossings);
  }
  std::erase_if(revisions, [](const RevisionCounts& counts) {
    return std::ranges::all_of(counts.units, [](uint64_t count) { return count == 0; });
  });
  keep(check_sample_ratio(revisions));
  if (units + crossings > 0) keep(check_multiple_exposure(units + crossings, crossings));
  if (lost.expected > 0) keep(check_event_loss(lost, lost));
  return findings;
}

std::string text_of(const Comparison& comparison) {
  if (!comparison.difference) return comparison.reason;
  if (!comparison.relative)
    return fmt::format("{:+.4g} [{:+.4g}, {:+.4g}]", *comparison.difference, comparison.interval.low,
                       comparison.interval.high);
  return fmt::format("{:+.1f} % [{:+.1f} %, {:+.1f} %]", 100 * *comparison.relative,
                     100 * comparison.relative_interval.low, 100 * comparison.relative_interval.high);
}

}  // namespace troupe::experiment
