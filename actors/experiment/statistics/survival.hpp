#pragma once
// Time until something happens to a unit, where some units were only watched for a while (censored): Kaplan and Meier's
// curve, and the log-rank test between arms. cox.hpp has the hazard ratio.

#include <optional>
#include <span>
#include <vector>

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

struct SurvivalUnit {
  double time = 0;     ///< >= 0, finite: of the event, or until when the unit was watched.
  bool event = false;  ///< Whether it happened.
};

struct SurvivalStep {
  double time = 0;     ///< Of one or more events.
  double at_risk = 0;  ///< Units watched just before.
  double events = 0;
  double survival = 1;  ///< Share of units to which it has not happened by then.
  double standard_error = 0;
  Interval interval;  ///< Within [0, 1]; where survival has come to 0, from 0 to where the step before ends.
};

struct SurvivalCurve {
  std::vector<SurvivalStep> steps;  ///< Ascending in time; before the first, survival is 1.
  std::optional<double> median;     ///< The first time with survival <= 1/2.
  Interval median_interval;         ///< The first times at which the ends of `interval` are <= 1/2; infinite for never.
};

/// Kaplan and Meier (1958); standard error by Greenwood (1926); interval normal on log(-log survival) (Kalbfleisch and
/// Prentice 1980, section 1.3). Units censored at the time of an event count as at risk. Refuses no units.
Result<SurvivalCurve> kaplan_meier(std::span<const SurvivalUnit> units, double confidence = 0.95);

/// The log-rank test of two arms (Mantel 1966; Peto and Peto 1972): with O - E of the second arm's events and their
/// hypergeometric variance V, z = (O - E) / sqrt(V). estimate: Peto's hazard ratio exp((O - E) / V), second against
/// first, with the interval exp((O - E) / V +- z / sqrt(V)); cox.hpp has a better one where it is far from 1.
Result<TestResult> log_rank(std::span<const SurvivalUnit> first, std::span<const SurvivalUnit> second,
                            const TestOptions& options = {});

/// The log-rank test that k >= 2 arms are alike: chi-squared with k - 1 degrees of freedom. At most 64 arms.
Result<OmnibusResult> log_rank(std::span<const std::vector<SurvivalUnit>> arms);

}  // namespace troupe::experiment
