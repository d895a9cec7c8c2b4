#include "actors/experiment/analysis/sequence_judge.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "actors/experiment/analysis/pair_estimate.hpp"
#include "actors/experiment/analysis/quantile_comparison.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/statistics/family.hpp"

namespace troupe::experiment {
namespace {

RateCounts rates_of(const UnitSums& sums) {
  return {static_cast<uint64_t>(sums.units), static_cast<uint64_t>(sums.x >> fixed_bits)};
}

}  // namespace

SequenceJudge::SequenceJudge(const ExperimentRecord& record)
    : definition_(record.definition), rules_(rules_of(record)) {
  for (uint32_t index = 0; index < definition_.metrics.size(); ++index) {
    for (uint32_t arm = 1; arm < definition_.variants.size(); ++arm) {
      Question question{index, arm, {}, {}};
      MeanSequenceOptions means;
      means.alpha = definition_.rule.alpha;
      means.units_planned = std::max<uint64_t>(definition_.rule.minimum_units, 1000) * 4;
      if (auto made = MeanWatch::make(means)) question.means = std::move(*made);
      if (definition_.metrics[index].kind == MetricKind::conversion) {
        RateWatchOptions rates;
        rates.alpha = definition_.rule.alpha;
        if (auto made = RateWatch::make(rates)) question.rates = std::move(*made);
      }
      questions_.push_back(std::move(question));
    }
  }
}

void SequenceJudge::judge(const Aggregates& rows, Analysis& analysis) {
  for (Question& question : questions_) analysis.comparisons.push_back(compare(question, rows, analysis.at));
  adjust(analysis.comparisons);
}

Comparison SequenceJudge::compare(Question& question, const Aggregates& rows, WallTime now) {
  const MetricDefinition& asked = definition_.metrics[question.metric];
  const MetricView view(rows, rules_.experiment, question.metric);
  if (asked.kind == MetricKind::quantile) return compare_quantiles(definition_, question.metric, question.arm, view);
  const PairEstimate pair = estimate_pair(asked, view, question.arm, rules_, now);
  Comparison comparison = compared(question.metric, question.arm, pair);
  if (pair.difference && question.means) {
    const Status looked = question.means->look(*pair.difference);
    if (const auto said = looked ? question.means->now() : fail(looked.error())) {
      comparison.method = said->method;
      comparison.p_value = said->p_value;
      comparison.log_evidence = question.means->log_evidence();
      set_interval(comparison, asked.kind, pair, said->interval);
    } else {
      // An exact test may be sure before there is an interval.
      constexpr double unbounded = std::numeric_limits<double>::infinity();
      set_interval(comparison, asked.kind, pair, {-unbounded, unbounded});
      comparison.reason = said.error().message;
    }
  }
  if (question.rates) follow_rates(question, view, now, comparison);
  return comparison;
}

/// Evidence by the exact test, of units whose window is closed: what they did can no longer change.
void SequenceJudge::follow_rates(Question& question, const MetricView& view, WallTime now,
                                 Comparison& comparison) const {
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
  // This test alone decides: two would have two chances to be wrong.
  comparison.p_value = 1;
  comparison.log_evidence = 0;
  const auto said = question.rates->now();
  if (!said) {
    comparison.reason = "waits for units whose window is over";
    return;
  }
  comparison.method = said->method;
  comparison.p_value = said->p_value;
  comparison.log_evidence = question.rates->log_evidence();
}

/// All goals of all variants are one family. What was once significant stays so.
void SequenceJudge::adjust(std::vector<Comparison>& comparisons) {
  std::vector<Hypothesis> family;
  std::vector<size_t> members;
  for (size_t i = 0; i < comparisons.size(); ++i) {
    if (definition_.metrics[comparisons[i].metric].role != MetricRole::goal) continue;
    family.push_back({comparisons[i].log_evidence, 1});
    members.push_back(i);
  }
  const auto verdicts = family_verdicts(family, definition_.rule.alpha);
  if (!verdicts) return;
  for (size_t i = 0; i < members.size(); ++i) {
    Comparison& comparison = comparisons[members[i]];
    Question& question = questions_[members[i]];
    comparison.adjusted_p = (*verdicts)[i].adjusted_p;
    question.was_significant = question.was_significant || (*verdicts)[i].rejected;
    comparison.is_significant = question.was_significant;
  }
}

}  // namespace troupe::experiment
