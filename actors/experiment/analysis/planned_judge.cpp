#include "actors/experiment/analysis/planned_judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "actors/experiment/analysis/exact_moments.hpp"
#include "actors/experiment/analysis/quantile_comparison.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/inference.hpp"
#include "actors/experiment/statistics/means.hpp"
#include "actors/experiment/statistics/multiplicity.hpp"
#include "actors/experiment/statistics/proportions.hpp"

namespace troupe::experiment {
namespace {

/// Boundaries want fractions that rise by more than a thousandth.
constexpr double fraction_step = 1.01;

uint32_t looks_of(const DecisionRule& rule) {
  return rule.method == Method::fixed ? 1 : rule.looks;
}

uint64_t units_at(const DecisionRule& rule, uint32_t look) {
  const double units = static_cast<double>(rule.planned_units) * look / looks_of(rule);
  return std::max(static_cast<uint64_t>(std::ceil(units)), rule.minimum_units);
}

uint64_t least(const std::vector<uint64_t>& units) {
  return units.empty() ? 0 : *std::ranges::min_element(units);
}

Result<Boundary> boundary_of(const std::vector<double>& fractions, double alpha) {
  TROUPE_TRY(const auto boundaries, group_sequential_boundaries(fractions, {.alpha = alpha}));
  return boundaries.back();
}

/// The least alpha with which |z| would have rejected at the last of these looks (Liu and Anderson 2008, sequential p).
double alpha_that_rejects(const std::vector<double>& fractions, double z) {
  double too_small = 0;
  double enough = 1;
  for (int step = 0; step < 40; ++step) {
    const double alpha = (too_small + enough) / 2;
    const auto boundary = boundary_of(fractions, alpha);
    (boundary && std::abs(z) >= boundary->z ? enough : too_small) = alpha;
  }
  return enough;
}

/// Of a two-sided p.
double z_of(double p) {
  return quantile_upper(Normal{}, p / 2).value_or(0);
}

}  // namespace

std::optional<uint64_t> next_look_units(const DecisionRule& rule, const std::vector<PlannedLook>& looks) {
  const double before = looks.empty() ? 0 : looks.back().fraction;
  for (uint32_t look = 1; look <= looks_of(rule); ++look)
    if (static_cast<double>(look) / looks_of(rule) > before * fraction_step) return units_at(rule, look);
  return std::nullopt;
}

PlannedJudge::PlannedJudge(const ExperimentRecord& record)
    : definition_(record.definition),
      rules_(rules_of(record)),
      looks_(record.looks),
      memories_(record.definition.metrics.size() * (record.definition.variants.size() - 1)) {}

bool PlannedJudge::is_due(const Analysis& analysis) const {
  const auto units = next_look_units(definition_.rule, looks_);
  return analysis.is_healthy && units && least(analysis.units) >= *units;
}

void PlannedJudge::judge(const Aggregates& rows, Analysis& analysis) {
  if (is_due(analysis)) look(rows, analysis);
  const auto next = next_look_units(definition_.rule, looks_);
  analysis.looks = looks_;
  analysis.is_final = !next;
  analysis.comparisons = compared_;
  if (!compared_.empty()) return;
  for (uint32_t metric = 0; metric < definition_.metrics.size(); ++metric)
    for (uint32_t arm = 1; arm < definition_.variants.size(); ++arm) {
      const MetricView view(rows, rules_.experiment, metric);
      Comparison comparison =
          definition_.metrics[metric].kind == MetricKind::quantile
              ? compare_quantiles(definition_, metric, arm, view)
              : compared(metric, arm, estimate_pair(definition_.metrics[metric], view, arm, rules_, analysis.at));
      if (next)
        comparison.reason =
            fmt::format("is compared with {} units of each variant; the smallest has {}", *next, least(analysis.units));
      analysis.comparisons.push_back(std::move(comparison));
    }
}

void PlannedJudge::look(const Aggregates& rows, Analysis& analysis) {
  const uint64_t units = least(analysis.units);
  const double fraction =
      std::min(1.0, static_cast<double>(units) / static_cast<double>(definition_.rule.planned_units));
  looks_.push_back({static_cast<uint32_t>(looks_.size()) + 1, unix_microseconds(analysis.at), units, fraction});
  compared_.clear();
  for (uint32_t metric = 0; metric < definition_.metrics.size(); ++metric)
    for (uint32_t arm = 1; arm < definition_.variants.size(); ++arm)
      compared_.push_back(compare(metric, arm, rows, analysis.at));
  definition_.rule.method == Method::fixed ? decide_once(compared_) : decide_in_sequence(compared_);
}

Comparison PlannedJudge::compare(uint32_t metric, uint32_t arm, const Aggregates& rows, WallTime now) const {
  const MetricDefinition& asked = definition_.metrics[metric];
  const MetricView view(rows, rules_.experiment, metric);
  if (asked.kind == MetricKind::quantile) return compare_quantiles(definition_, metric, arm, view);
  const PairEstimate pair = estimate_pair(asked, view, arm, rules_, now);
  Comparison comparison = compared(metric, arm, pair);
  if (!pair.difference) return comparison;
  if (definition_.rule.method == Method::fixed) {
    if (const auto said = test_once(asked, pair)) {
      comparison.method = said->method;
      comparison.p_value = said->p_value;
      set_interval(comparison, asked.kind, pair, said->interval);
    } else {
      comparison.reason = said.error().message;
    }
    return comparison;
  }
  // Of goals at their share of alpha; what only guards or is shown has all of it.
  const double alpha = definition_.rule.alpha / (asked.role == MetricRole::goal ? goals() : 1);
  const auto boundary = boundary_of(fractions(), alpha);
  const double z = pair.difference->value / pair.difference->standard_error;
  const auto interval = boundary ? repeated_interval(pair.difference->value, pair.difference->standard_error, *boundary,
                                                     Alternative::two_sided)
                                 : fail(boundary.error());
  if (!interval) {
    comparison.reason = interval.error().message;
    return comparison;
  }
  comparison.method = "group-sequential z";
  comparison.p_value = p_value(z, {}, Alternative::two_sided).value_or(1);
  set_interval(comparison, asked.kind, pair, *interval);
  return comparison;
}

Result<TestResult> PlannedJudge::test_once(const MetricDefinition& metric, const PairEstimate& pair) const {
  const TestOptions options{.confidence = 1 - definition_.rule.alpha};
  if (pair.is_whole && metric.kind == MetricKind::conversion && !metric.covariate) {
    const auto proportion = [](const UnitSums& sums) {
      return Proportion{static_cast<double>(sums.x >> fixed_bits), static_cast<double>(sums.units)};
    };
    return two_proportion_z(proportion(pair.strata[0].control), proportion(pair.strata[0].treated), {.test = options});
  }
  const bool is_mean = metric.kind == MetricKind::count || metric.kind == MetricKind::sum;
  if (pair.is_whole && is_mean && !metric.covariate)
    return welch_t(moments_of(pair.strata[0].control), moments_of(pair.strata[0].treated), options);
  const std::string_view method = metric.kind == MetricKind::survival ? "log-rank"
                                  : metric.covariate                  ? "z by CUPED"
                                  : metric.kind == MetricKind::ratio  ? "z by the delta method"
                                                                      : "stratified z";
  return wald_test(method, pair.difference->value, pair.difference->standard_error, {}, options);
}

void PlannedJudge::decide_once(std::vector<Comparison>& comparisons) const {
  std::vector<double> p_values;
  std::vector<Comparison*> family;
  for (Comparison& comparison : comparisons) {
    if (definition_.metrics[comparison.metric].role != MetricRole::goal) continue;
    p_values.push_back(comparison.p_value);
    family.push_back(&comparison);
  }
  const auto adjusted = adjusted_p_values(p_values, Correction::holm);
  if (!adjusted) return;
  for (size_t i = 0; i < family.size(); ++i) {
    family[i]->adjusted_p = (*adjusted)[i];
    family[i]->is_significant = (*adjusted)[i] <= definition_.rule.alpha;
  }
}

void PlannedJudge::decide_in_sequence(std::vector<Comparison>& comparisons) {
  for (size_t i = 0; i < comparisons.size(); ++i) {
    Comparison& comparison = comparisons[i];
    const MetricDefinition& metric = definition_.metrics[comparison.metric];
    if (metric.role != MetricRole::goal || !comparison.difference) continue;
    Memory& memory = memories_[i];
    // A quantile's p is valid at any time, and so at these looks.
    const double p = metric.kind == MetricKind::quantile ? comparison.p_value
                                                         : alpha_that_rejects(fractions(), z_of(comparison.p_value));
    memory.p_min = std::min(memory.p_min, p);
    comparison.adjusted_p = std::min(1.0, memory.p_min * goals());
    memory.was_significant = memory.was_significant || comparison.adjusted_p <= definition_.rule.alpha;
    comparison.is_significant = memory.was_significant;
  }
}

std::vector<double> PlannedJudge::fractions() const {
  std::vector<double> fractions;
  for (const PlannedLook& look : looks_) fractions.push_back(look.fraction);
  return fractions;
}

/// Of all variants.
double PlannedJudge::goals() const {
  const auto goals = std::ranges::count(definition_.metrics, MetricRole::goal, &MetricDefinition::role);
  return static_cast<double>(goals) * static_cast<double>(definition_.variants.size() - 1);
}

}  // namespace troupe::experiment
