#include "actors/experiment/analysis/factor_effects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "actors/experiment/analysis/exact_moments.hpp"
#include "actors/experiment/analysis/metric_view.hpp"
#include "actors/experiment/analysis/pair_estimate.hpp"
#include "actors/experiment/analysis/reading.hpp"
#include "actors/experiment/statistics/mean_sequence.hpp"
#include "actors/experiment/statistics/strata.hpp"
#include "runtime/base/mixed_radix.hpp"

namespace troupe::experiment {
namespace {

/// A variant's part in an effect.
struct Part {
  uint32_t arm = 0;
  double weight = 0;  ///< Not 0; all sum to 0.
};

std::vector<Part> parts_of(const VariantDesign& design, const std::vector<FactorMove>& moves) {
  const std::vector<size_t> counts = level_counts(design.factors);
  std::vector<Part> parts;
  for (size_t cell = 0; cell < design.arms.size(); ++cell) {
    const std::vector<size_t> levels = mixed_radix_digits(cell, counts);
    double weight = 1;
    for (uint32_t factor = 0; factor < levels.size(); ++factor) {
      const auto move = std::ranges::find(moves, factor, &FactorMove::factor);
      if (move == moves.end())
        weight /= static_cast<double>(counts[factor]);
      else
        weight *= levels[factor] == 0 ? -1 : (levels[factor] == move->level ? 1 : 0);
    }
    if (weight != 0) parts.push_back({design.arms[cell], weight});
  }
  return parts;
}

/// Main effects, then interactions of two factors.
std::vector<std::vector<FactorMove>> all_moves(const VariantDesign& design) {
  std::vector<FactorMove> single;
  for (uint32_t factor = 0; factor < design.factors.size(); ++factor)
    for (uint32_t level = 1; level < design.factors[factor].levels.size(); ++level) single.push_back({factor, level});
  std::vector<std::vector<FactorMove>> moves;
  for (const FactorMove& one : single) moves.push_back({one});
  for (const FactorMove& one : single)
    for (const FactorMove& other : single)
      if (one.factor < other.factor) moves.push_back({one, other});
  return moves;
}

/// A variant's value, and the variance of one unit that it has.
struct PartValue {
  double units = 0;
  double value = 0;
  double variance = 0;
};

/// y - theta x, theta pooled within variants as in cuped().
std::vector<PartValue> adjusted_values(std::span<const UnitSums> sums) {
  std::vector<CovariateMoments> moments;
  double m_xy = 0, m2_x = 0;
  for (const UnitSums& one : sums) {
    moments.push_back(covariate_moments_of(one));
    m_xy += moments.back().m_xy;
    m2_x += moments.back().m2_x;
  }
  const double theta = m2_x > 0 ? m_xy / m2_x : 0;
  std::vector<PartValue> values;
  for (const CovariateMoments& one : moments)
    values.push_back({one.n, one.mean_y - theta * one.mean_x,
                      (one.m2_y - 2 * theta * one.m_xy + theta * theta * one.m2_x) / (one.n - 1)});
  return values;
}

/// Of the parts' sums, each of more than one unit.
Result<std::vector<PartValue>> values_of(const MetricDefinition& metric, std::span<const UnitSums> sums) {
  if (metric.covariate) return adjusted_values(sums);
  std::vector<PartValue> values;
  for (const UnitSums& one : sums) {
    TROUPE_TRY(const Reading reading, reading_of(metric.kind, one));
    const auto units = static_cast<double>(reading.units);
    values.push_back({units, reading.value, reading.standard_error * reading.standard_error * units});
  }
  return values;
}

/// An effect under one revision, each variant with its own variance. Its arms are the variants that are taken away and
/// those that are added.
Result<Estimate> contrast(const MetricDefinition& metric, const std::vector<Part>& parts,
                          std::span<const UnitSums> sums) {
  TROUPE_TRY(const std::vector<PartValue> values, values_of(metric, sums));
  Estimate estimate;
  double variance = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    estimate.value += parts[i].weight * values[i].value;
    variance += parts[i].weight * parts[i].weight * values[i].variance / values[i].units;
    (parts[i].weight < 0 ? estimate.units_a : estimate.units_b) += static_cast<uint64_t>(values[i].units);
  }
  estimate.standard_error = std::sqrt(variance);
  if (estimate.standard_error > 0) return estimate;
  return fail(Errc::invalid_argument, "nothing varies");
}

/// What an effect is told from.
struct EffectStrata {
  std::vector<Estimate> estimates;  ///< Of revisions in which each part has enough units.
  std::vector<UnitSums> whole;      ///< Over those, by part.
};

/// `strata` by variant.
EffectStrata estimates_in(const MetricDefinition& metric, const std::vector<std::vector<Stratum>>& strata,
                          const std::vector<Part>& parts) {
  std::map<uint32_t, std::vector<UnitSums>> by_revision;
  for (size_t i = 0; i < parts.size(); ++i)
    for (const Stratum& stratum : strata[parts[i].arm])
      by_revision.try_emplace(stratum.revision, parts.size()).first->second[i] = stratum.sums;
  EffectStrata made{{}, std::vector<UnitSums>(parts.size())};
  for (const auto& [revision, sums] : by_revision) {
    if (std::ranges::any_of(sums, [](const UnitSums& one) { return one.units < stratum_units_min; })) continue;
    const auto estimate = contrast(metric, parts, sums);
    if (!estimate) continue;
    made.estimates.push_back(*estimate);
    for (size_t i = 0; i < parts.size(); ++i) made.whole[i] += sums[i];
  }
  return made;
}

/// Tells the effects on one goal.
class EffectTeller {
 public:
  EffectTeller(const ExperimentRecord& record, const Aggregates& aggregates, uint32_t metric, double alpha)
      : record_(record), metric_(metric), alpha_(alpha) {
    const MetricView view(aggregates, record.number, metric);
    for (uint32_t arm = 0; arm < record.definition.variants.size(); ++arm) strata_.push_back(view.strata(arm));
  }

  FactorEffect tell(const VariantDesign& design, const std::vector<FactorMove>& moves) const {
    FactorEffect effect{.metric = metric_, .moves = moves};
    const std::vector<Part> parts = parts_of(design, moves);
    const EffectStrata strata = estimates_in(asked(), strata_, parts);
    const auto combined = combine_strata(strata.estimates);
    if (!combined) {
      effect.reason = "too few units of some variant in one revision, or nothing varies";
      return effect;
    }
    effect.units = combined->units_a + combined->units_b;
    effect.value = combined->value;
    effect.standard_error = combined->standard_error;
    effect.reason = waits_for(parts, strata.whole);
    if (effect.reason.empty()) set_interval(effect, *combined, parts, strata.whole);
    return effect;
  }

 private:
  const MetricDefinition& asked() const { return record_.definition.metrics[metric_]; }

  std::string waits_for(const std::vector<Part>& parts, const std::vector<UnitSums>& whole) const {
    const auto least = std::ranges::min_element(whole, {}, &UnitSums::units);
    if (least->units >= static_cast<int64_t>(effect_units_min)) return {};
    const uint32_t arm = parts[static_cast<size_t>(least - whole.begin())].arm;
    return fmt::format("waits for {} units of each variant; {} has {}", effect_units_min,
                       record_.definition.variants[arm].name, least->units);
  }

  void set_interval(FactorEffect& effect, const Estimate& estimate, const std::vector<Part>& parts,
                    const std::vector<UnitSums>& whole) const {
    const auto interval = prior_sd(parts, whole).and_then([&](double prior) {
      return mean_sequence(estimate, prior, alpha_, Alternative::two_sided);
    });
    if (!interval) {
      effect.reason = interval.error().message;
      return;
    }
    effect.interval = *interval;
    effect.is_sure = interval->low > 0 || interval->high < 0;
  }

  /// Tuned to the standard error that the planned units would give in equal shares: so it is the same whenever somebody
  /// looks, up to what is known of variances.
  Result<double> prior_sd(const std::vector<Part>& parts, const std::vector<UnitSums>& whole) const {
    TROUPE_TRY(const std::vector<PartValue> values, values_of(asked(), whole));
    const auto planned = static_cast<double>(std::max<uint64_t>(record_.definition.rule.minimum_units, 1000) * 2);
    double variance = 0;
    for (size_t i = 0; i < parts.size(); ++i)
      variance += parts[i].weight * parts[i].weight * values[i].variance / planned;
    return tuned_prior_sd(std::sqrt(variance), alpha_);
  }

  const ExperimentRecord& record_;
  const uint32_t metric_;
  const double alpha_;
  std::vector<std::vector<Stratum>> strata_;  ///< By variant.
};

/// Empty where the metric has effects.
std::string_view why_not_told(MetricKind kind) {
  if (kind == MetricKind::quantile) return "a quantile is no sum over units, whose variants' values could be averaged";
  if (kind == MetricKind::survival) return "times to an event are compared by hazards, which do not average";
  return {};
}

}  // namespace

FactorEffects factor_effects_of(const ExperimentRecord& record, const Aggregates& aggregates) {
  FactorEffects told;
  if (auto design = design_of(record.definition)) told.design = std::move(*design);
  if (told.design.factors.empty()) return told;
  std::vector<uint32_t> goals;
  for (uint32_t index = 0; index < record.definition.metrics.size(); ++index) {
    const MetricDefinition& metric = record.definition.metrics[index];
    if (metric.role != MetricRole::goal) continue;
    if (const std::string_view why = why_not_told(metric.kind); !why.empty())
      told.not_told.emplace_back(index, why);
    else
      goals.push_back(index);
  }
  const auto moves = all_moves(told.design);
  if (goals.empty()) return told;
  told.alpha = record.definition.rule.alpha / static_cast<double>(goals.size() * moves.size());
  for (const uint32_t goal : goals) {
    const EffectTeller teller(record, aggregates, goal, told.alpha);
    for (const auto& one : moves) told.effects.push_back(teller.tell(told.design, one));
  }
  return told;
}

}  // namespace troupe::experiment
