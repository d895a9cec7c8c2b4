#pragma once
// FactorEffects: what each factor of a design does, and what two of them do together, read off all variants at once.
// It is for who looks; verdicts are of variants.

#include <optional>
#include <string>
#include <vector>

#include "actors/experiment/definition/factors.hpp"
#include "actors/experiment/ledger/aggregates.hpp"
#include "actors/experiment/lifecycle/record.hpp"
#include "actors/experiment/statistics/result.hpp"

namespace troupe::experiment {

/// A factor at another level than its first.
struct FactorMove {
  uint32_t factor = 0;  ///< Index of VariantDesign::factors.
  uint32_t level = 0;   ///< Index of Factor::levels, >= 1.
  bool operator==(const FactorMove&) const = default;
};

/// Of one move the main effect: the level's value less the first level's, averaged evenly over the levels of all other
/// factors. Of two moves the interaction: the difference that the second makes at the first's level, less that at the
/// first's first level.
struct FactorEffect {
  uint32_t metric = 0;  ///< A goal.
  std::vector<FactorMove> moves;
  uint64_t units = 0;
  std::optional<double> value;  ///< Empty while nothing can be said; `reason` says why then.
  double standard_error = 0;
  std::optional<Interval> interval;  ///< At FactorEffects::alpha; empty before `effect_units_min` units.
  bool is_sure = false;              ///< The interval is without 0.
  std::string reason;
};

struct FactorEffects {
  VariantDesign design;                                      ///< Without factors: nothing else is here.
  double alpha = 0;                                          ///< Of each interval.
  std::vector<FactorEffect> effects;                         ///< By metric; main effects first.
  std::vector<std::pair<uint32_t, std::string>> not_told{};  ///< Goals without effects, and why.
};

/// Of each variant that an effect is made of: the intervals are asymptotic.
inline constexpr uint64_t effect_units_min = 200;

/// Of an experiment that has started. Effects are contrasts of variants' values (means, rates, ratios; with a covariate
/// of adjusted means), within each revision, and combined over revisions by units. Each interval is the asymptotic
/// confidence sequence of mean_sequence.hpp at the rule's alpha shared out evenly over all effects of all goals, with a
/// prior that depends on variances alone: the chance that any of them ever misses its effect, at whatever times
/// somebody looks, is at most the rule's alpha. Quantiles and times are not sums over units, and have no effects here.
FactorEffects factor_effects_of(const ExperimentRecord& record, const Aggregates& aggregates);

}  // namespace troupe::experiment
