#pragma once
// History: how an experiment's numbers came to be what they are. Nothing of it is stored: it is told anew from the
// rows, so after a restart of the head it is the same.
//
// A row stands in the time bucket of its units' first exposure, and these units' outcomes and requests stand there with
// them, whenever they came. So a point of the history is what is known today of the units that had come by then, not
// what was known then; the newest points still change while their units' window is open. Where units are requests the
// difference is the window; where they are users, traffic is that of the users who were first seen at the time.

#include <optional>
#include <vector>

#include "actors/experiment/analysis/analysis.hpp"
#include "actors/experiment/ledger/aggregates.hpp"
#include "actors/experiment/lifecycle/record.hpp"
#include "actors/experiment/statistics/distributions.hpp"

namespace troupe::experiment {

/// All units up to a time, in one metric of one variant.
struct HistoryPoint {
  ArmReading control;
  ArmReading treated;
  std::optional<double> difference;  ///< As in Comparison, here and below.
  Interval interval;
  std::optional<double> relative;
  Interval relative_interval;
};

struct HistoryLine {
  uint32_t metric = 0;               ///< A goal or a guardrail.
  uint32_t arm = 0;                  ///< Not the control.
  std::vector<HistoryPoint> points;  ///< One for each of History::times.
};

struct Latencies {
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
};

/// The units of one step alone, in one variant.
struct StepTraffic {
  uint64_t units = 0;
  double requests = 0;
  double errors = 0;
  std::optional<double> satisfaction;   ///< The value of the first goal.
  std::optional<Latencies> latency_ms;  ///< Where the definition has a quantile of latency_ms.
};

struct ArmPosterior {
  uint32_t metric = 0;  ///< A goal that is a conversion.
  uint32_t arm = 0;
  Beta rate;  ///< From a uniform prior; all revisions together.
};

struct History {
  WallTime from;                                  ///< The experiment's start.
  std::vector<WallTime> times;                    ///< Ends of the steps; the last is now, or the experiment's end.
  std::vector<HistoryLine> lines;                 ///< By metric, then arm.
  std::vector<std::vector<StepTraffic>> traffic;  ///< By arm, then step.
  std::optional<uint32_t> satisfaction_metric;
  std::vector<ArmPosterior> posteriors;  ///< By metric, then arm; none where segments have weights of their own.
};

/// Of an experiment that has started; `aggregates` may hold others too. At most `points` (>= 1) steps, of whole buckets
/// each. Differences and intervals are those of the method always_valid, whichever one decides: they hold at all times
/// together, and spend nothing of what planned looks may spend.
///
/// A fresh Watch looks at the end of each step, and rows that it has seen are folded into one row a revision, arm and
/// metric (but those of survival): so each row is merged twice, and each look costs what the folded rows cost. Where
/// these are many (a ramp of a thousand revisions) there are fewer steps: steps times folded rows are at most
/// `history_work_max`. 300 buckets of three variants with four metrics, a quantile among them, take 0.05 to 0.1 s.
History history_of(const ExperimentRecord& record, const Aggregates& aggregates, WallTime now, size_t points = 100);

inline constexpr size_t history_work_max = 400'000;

}  // namespace troupe::experiment
