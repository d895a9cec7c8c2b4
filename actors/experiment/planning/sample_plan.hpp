#pragma once
// SamplePlan: how many units an experiment needs, how likely it is to see an effect, or which effect it can see, and
// how long that takes: before it starts. Pure.

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "actors/experiment/planning/watching_cost.hpp"
#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

/// What the control does: the share of its units that convert,
struct RateBaseline {
  double rate = 0;  ///< (0, 1)
};
/// or the mean of a value and its standard deviation between units.
struct MeanBaseline {
  std::optional<double> mean;  ///< Needed for effects that are relative to it.
  double deviation = 0;        ///< > 0
};

/// Of effect, units and power two are given, and the third is answered; a power that is neither given nor asked is 0.8.
struct PlanQuestion {
  std::variant<RateBaseline, MeanBaseline> baseline;
  std::vector<double> weights{0.5, 0.5};  ///< Of the variants, the control first; above 0, their sum is 1.
  uint32_t goals = 1;                     ///< Each goal of each variant is a comparison with the control.
  double alpha = 0.05;                    ///< Over all comparisons.
  Alternative alternative = Alternative::two_sided;
  std::optional<double> effect;  ///< Relative to the control's value unless `is_absolute`; below 0: it falls.
  bool is_absolute = false;
  bool decreases = false;       ///< Where the effect is asked: it is one below the control's value.
  std::optional<double> units;  ///< Of all variants together.
  std::optional<double> power;
  double minimum_units = 200;  ///< Of each variant, before an experiment that is watched decides.
  double units_per_day = 0;    ///< New ones; 0: not known.
  double share = 1;            ///< Of them that take part, (0, 1].
};

struct SamplePlan {
  std::string_view asked;  ///< "units", "power" or "effect".
  std::string_view method;
  std::optional<double> control;   ///< The control's value,
  std::optional<double> treated;   ///< and that of a variant with the effect; none for a mean that was not told.
  double effect = 0;               ///< The difference.
  std::optional<double> relative;  ///< To the control's value.
  double effect_size = 0;          ///< Cohen's h of rates, Cohen's d of means.
  double power = 0;
  double alpha = 0;
  uint32_t comparisons = 1;
  double alpha_each = 0;      ///< alpha / comparisons: Bonferroni's.
  std::vector<double> units;  ///< Of each variant, whole.
  double units_all = 0;
  std::optional<double> days;           ///< Until they are there, whole.
  std::optional<WatchingCost> watched;  ///< Of two-sided tests: what an experiment that may be watched takes.
};

/// Rates by the pooled z test, means by Student's t (power.hpp), for the variant with the fewest units. Errors:
/// invalid_argument where not two of the three are given, and what power.hpp refuses.
Result<SamplePlan> plan_sample(const PlanQuestion& question);

}  // namespace troupe::experiment
