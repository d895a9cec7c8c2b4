#pragma once
// Analysis: what an experiment's numbers say at one time. Made by Watch; a verdict is decided from it.

#include <optional>
#include <string>
#include <vector>

#include "actors/experiment/lifecycle/record.hpp"
#include "actors/experiment/statistics/health.hpp"
#include "actors/experiment/statistics/result.hpp"

namespace troupe::experiment {

/// One variant by itself, in one metric.
struct ArmReading {
  uint64_t units = 0;
  double value = 0;  ///< The metric: a rate, a mean a unit, a ratio, a quantile.
  bool operator==(const ArmReading&) const = default;
};

/// What is believed of a variant after its data (statistics/bayesian.hpp).
struct Belief {
  double better = 0;         ///< Probability that it is better than the control,
  double best = 0;           ///< than all others,
  double equivalent = 0;     ///< and that it differs from the control by less than the rule's minimum effect.
  double expected_loss = 0;  ///< To the best variant, in the metric's unit, if this one is taken.
};

/// A variant against the control, in one metric.
struct Comparison {
  uint32_t metric = 0;  ///< Index of Definition::metrics.
  uint32_t arm = 0;     ///< Index of Definition::variants; not the control.
  ArmReading control;
  ArmReading treated;
  std::string method;  ///< "normal mixture sequence", "Welch's t".
  /// Empty while nothing can be said; `reason` says why then.
  std::optional<double> difference;
  Interval interval;  ///< Of the difference, at the rule's alpha: holds at all times where the method does.
  std::optional<double> relative;  ///< By the control's value without its sign: of a loss less of it is an increase.
  Interval relative_interval;
  double p_value = 1;            ///< As valid as the method is: at any time, or once.
  double log_evidence = 0;       ///< log of the e-value, of methods that have one.
  double adjusted_p = 1;         ///< Over the goals of all variants.
  bool is_significant = false;   ///< adjusted_p <= alpha, now or at an earlier look.
  std::optional<Belief> belief;  ///< Of the Bayesian method, instead of a p value.
  std::string reason;
  bool lacks_values = false;  ///< A quantile or ratio that cannot be read, as an arm has nothing of which it would be.
};

struct Analysis {
  WallTime at;
  Duration elapsed{0};                  ///< Since it started.
  std::vector<uint64_t> units;          ///< Of each variant.
  std::vector<Comparison> comparisons;  ///< By metric, then variant.
  std::vector<Finding> health;
  bool is_healthy = true;          ///< A sick experiment decides nothing.
  std::vector<PlannedLook> looks;  ///< Of methods with planned looks: those that were made.
  bool is_final = false;           ///< The last of them was made: it ends, whatever it says.
};

/// "+4.2 % [+1.0 %, +7.5 %]", or the difference where there is no relative one; without an interval that says nothing.
std::string text_of(const Comparison& comparison);

}  // namespace troupe::experiment
