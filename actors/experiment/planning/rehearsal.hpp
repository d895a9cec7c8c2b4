#pragma once
// Rehearsal: an experiment run in simulated time, by what runs it in production: Plan assigns drawn units, EventBatch
// sums up what they did, Watch looks at the sums, and decide() ends it. Pure: the same question and seed give the same
// answer.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/experiment/decision/verdict.hpp"
#include "actors/experiment/definition/definition.hpp"
#include "actors/experiment/planning/unit_behaviour.hpp"
#include "actors/experiment/statistics/result.hpp"

namespace troupe::experiment {

struct RehearsalQuestion {
  Definition definition;
  UnitBehaviour behaviour;
  double units_per_second = 50;  ///< New units of the layer; each comes once.
  Duration duration{0};          ///< 0: until the rule's maximum_duration; no run is longer.
  Duration look_every = std::chrono::seconds{10};
  uint64_t runs = 200;
  uint64_t seed = 1;
};

inline constexpr uint64_t rehearsal_runs_max = 100'000;
inline constexpr double rehearsal_requests_max = 2e7;  ///< Of one run.
inline constexpr double rehearsal_waiting_max =
    1e6;  ///< Units of a run whose survival is not known yet, some 500 bytes each.

/// What one run said of one metric of one variant when it ended.
struct RunEstimate {
  std::optional<double> difference;
  Interval interval;
};

struct RehearsalRun {
  std::optional<Verdict> verdict;  ///< None: not over when the run was,
  std::string waiting;             ///< and what it waited for.
  Duration elapsed{0};
  uint64_t units = 0;
  std::vector<uint64_t> units_by_variant;
  std::vector<RunEstimate> estimates;  ///< One for each of Rehearsal::effects.
};

/// How near estimates came to the true difference.
struct EffectSummary {
  std::string metric;
  std::string variant;
  double truth = 0;               ///< See true_effect().
  uint64_t runs = 0;              ///< That had an estimate.
  double bias = 0;                ///< Mean of their estimates less the truth.
  double bias_error = 0;          ///< Its Monte-Carlo standard error.
  double bias_decided = 0;        ///< The same of runs that were decided: they ended because the estimate was large.
  uint64_t runs_decided = 0;      ///< So many.
  uint64_t intervals_missed = 0;  ///< Runs whose interval, when they ended, did not have the truth in it.
};

struct Rehearsal {
  uint64_t runs = 0;
  std::vector<uint64_t> wins;  ///< By variant: of the control, that it stays since all others lost.
  uint64_t inconclusive = 0;
  uint64_t invalid = 0;
  uint64_t undecided = 0;  ///< The run was over before the experiment.
  // Of decided runs; none where there is none.
  std::optional<double> units_median;
  std::optional<double> units_p90;
  std::optional<Duration> elapsed_median;
  std::optional<Duration> elapsed_p90;
  /// No variant differs from the control in anything that was drawn: each decision is a false alarm,
  bool is_null = false;
  bool keeps_alpha = true;             ///< and of a method that bounds them, which the Bayesian one does not,
  uint64_t alarms_max = 0;             ///< no more than this come with a chance of 99.9 %.
  std::vector<EffectSummary> effects;  ///< Of each metric that is drawn, each variant but the control.
  std::vector<std::string> not_drawn;  ///< Metrics without behaviour. Such guardrails are left out.
  std::string waiting;                 ///< What the last of the undecided runs waited for.
  std::string sickness;                ///< Why the last of the invalid ones was that.
};

/// Errors: those of check(Definition) and check(UnitBehaviour); invalid_argument, too_large; unimplemented where the
/// bandit is linear.
Status check(const RehearsalQuestion& question);

/// `index` from 0. Requires check(). Thread-safe: runs do not know of each other.
RehearsalRun rehearse_once(const RehearsalQuestion& question, uint64_t index);

/// `runs`: of rehearse_once(), in the order of their indices.
Rehearsal summed_up(const RehearsalQuestion& question, const std::vector<RehearsalRun>& runs);

}  // namespace troupe::experiment
