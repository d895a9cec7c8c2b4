#include "actors/experiment/analysis/belief_judge.hpp"

#include <algorithm>
#include <cmath>

#include "actors/experiment/analysis/exact_moments.hpp"
#include "actors/experiment/analysis/pair_estimate.hpp"
#include "actors/experiment/analysis/quantile_comparison.hpp"
#include "actors/experiment/definition/compile.hpp"

namespace troupe::experiment {
namespace {

/// More are compared with the control alone: comparing all with all takes seconds.
constexpr size_t arms_together_max = 4;

/// All arms under one revision.
using ArmSums = std::vector<UnitSums>;

std::vector<ArmSums> strata_of(const MetricView& view, size_t arms) {
  std::vector<ArmSums> strata;
  std::vector<uint32_t> revisions;
  for (const Stratum& stratum : view.strata(0)) {
    revisions.push_back(stratum.revision);
    strata.emplace_back(arms)[0] = stratum.sums;
  }
  for (uint32_t arm = 1; arm < arms; ++arm)
    for (const Stratum& stratum : view.strata(arm)) {
      const auto revision = std::ranges::find(revisions, stratum.revision);
      if (revision != revisions.end()) strata[static_cast<size_t>(revision - revisions.begin())][arm] = stratum.sums;
    }
  std::erase_if(strata, [](const ArmSums& stratum) {
    return std::ranges::any_of(stratum, [](const UnitSums& sums) { return sums.units < stratum_units_min; });
  });
  return strata;
}

Result<Posterior> posterior_of(MetricKind kind, const UnitSums& sums) {
  if (kind == MetricKind::conversion)
    return rate_posterior({static_cast<double>(sums.x >> fixed_bits), static_cast<double>(sums.units)});
  if (kind != MetricKind::ratio) return mean_posterior(moments_of(sums));
  TROUPE_TRY(const auto reading, reading_of(kind, sums));
  if (!(reading.standard_error > 0)) return fail(Errc::invalid_argument, "nothing varies");
  return Posterior{LocatedT{reading.value, reading.standard_error, static_cast<double>(sums.units) - 1}};
}

/// Each stratum counts for as many units as all arms have in it: what is compared is the same mixture of times.
Result<Posterior> standardized(MetricKind kind, const std::vector<ArmSums>& strata, size_t arm) {
  if (strata.size() == 1) return posterior_of(kind, strata[0][arm]);
  double units = 0;
  double value = 0;
  double variance = 0;
  double own = 0;
  for (const ArmSums& stratum : strata) {
    double weight = 0;
    for (const UnitSums& sums : stratum) weight += static_cast<double>(sums.units);
    TROUPE_TRY(const auto reading, reading_of(kind, stratum[arm]));
    units += weight;
    own += static_cast<double>(stratum[arm].units);
    value += weight * reading.value;
    variance += weight * weight * reading.standard_error * reading.standard_error;
  }
  if (!(variance > 0)) return fail(Errc::invalid_argument, "nothing varies");
  return Posterior{LocatedT{value / units, std::sqrt(variance) / units, own - static_cast<double>(strata.size())}};
}

Result<std::vector<Posterior>> posteriors_of(MetricKind kind, const MetricView& view, size_t arms) {
  const std::vector<ArmSums> strata = strata_of(view, arms);
  if (strata.empty()) return fail(Errc::failed_precondition, "too few units in one revision");
  std::vector<Posterior> posteriors;
  for (size_t arm = 0; arm < arms; ++arm) {
    TROUPE_TRY(posteriors.emplace_back(), standardized(kind, strata, arm));
  }
  return posteriors;
}

std::string_view method_of(const Posterior& posterior) {
  return std::holds_alternative<Beta>(posterior) ? "Beta posteriors, uniform prior"
                                                 : "Student posteriors, Jeffreys' prior";
}

}  // namespace

BeliefJudge::BeliefJudge(const ExperimentRecord& record) : definition_(record.definition), rules_(rules_of(record)) {}

void BeliefJudge::judge(const Aggregates& rows, Analysis& analysis) {
  for (uint32_t index = 0; index < definition_.metrics.size(); ++index) judge_metric(index, rows, analysis);
}

void BeliefJudge::judge_metric(uint32_t index, const Aggregates& rows, Analysis& analysis) const {
  const MetricDefinition& metric = definition_.metrics[index];
  const MetricView view(rows, rules_.experiment, index);
  const size_t arms = definition_.variants.size();
  const bool is_higher_better = metric.direction == Direction::increase;
  const BayesianOptions options{1 - definition_.rule.alpha, is_higher_better};
  const bool has_posteriors = metric.kind != MetricKind::quantile && metric.kind != MetricKind::survival;
  const auto posteriors = has_posteriors ? posteriors_of(metric.kind, view, arms)
                                         : fail(Errc::unimplemented, "has no posterior of its own");
  std::vector<ArmBelief> together;
  if (posteriors && arms <= arms_together_max)
    if (auto beliefs = compare_arms(*posteriors, options)) together = std::move(*beliefs);
  for (uint32_t arm = 1; arm < arms; ++arm) {
    if (metric.kind == MetricKind::quantile) {
      analysis.comparisons.push_back(compare_quantiles(definition_, index, arm, view));
      continue;
    }
    const PairEstimate pair = estimate_pair(metric, view, arm, rules_, analysis.at);
    Comparison comparison = compared(index, arm, pair);
    if (!posteriors) {
      if (comparison.reason.empty()) comparison.reason = posteriors.error().message;
    } else if (together.empty()) {
      const std::vector both{posteriors->front(), (*posteriors)[arm]};
      const auto beliefs = compare_arms(both, options);
      beliefs ? believe(metric, pair, both, *beliefs, comparison) : void(comparison.reason = beliefs.error().message);
    } else {
      believe(metric, pair, {posteriors->front(), (*posteriors)[arm]}, {together.front(), together[arm]}, comparison);
    }
    analysis.comparisons.push_back(std::move(comparison));
  }
}

/// `arms` and `beliefs`: of the control, then of the variant.
void BeliefJudge::believe(const MetricDefinition& metric, const PairEstimate& pair, const std::vector<Posterior>& arms,
                          const std::vector<ArmBelief>& beliefs, Comparison& comparison) const {
  const DecisionRule& rule = definition_.rule;
  const double control = beliefs[0].mean;
  const auto difference = compare_two(arms[0], arms[1], std::abs(control) * rule.minimum_effect, 1 - rule.alpha);
  if (!difference) {
    comparison.reason = difference.error().message;
    return;
  }
  comparison.reason.clear();
  comparison.method = method_of(arms[1]);
  if (pair.difference) set_interval(comparison, metric.kind, pair, difference->credible);
  comparison.difference = difference->mean;
  comparison.interval = difference->credible;
  const double greater = difference->probability_greater;
  const double better = metric.direction == Direction::increase ? greater : 1 - greater;
  comparison.belief =
      Belief{better, beliefs[1].probability_best, difference->probability_rope, beliefs[1].expected_loss};
  comparison.is_significant = metric.role == MetricRole::goal && (better >= 1 - rule.alpha || better <= rule.alpha);
}

}  // namespace troupe::experiment
