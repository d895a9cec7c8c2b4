#pragma once
// Watch: looks at a running experiment's aggregates, as often as one likes, and says what they mean. What its tests
// must remember between looks is in it; made anew, it forgets only how strong evidence once was, which errs on the safe
// side.

#include <map>
#include <vector>

#include "actors/experiment/analysis/analysis.hpp"
#include "actors/experiment/analysis/metric_view.hpp"
#include "actors/experiment/ledger/rules.hpp"
#include "actors/experiment/lifecycle/record.hpp"
#include "actors/experiment/statistics/mean_sequence.hpp"
#include "actors/experiment/statistics/rate_watch.hpp"

namespace troupe::experiment {

/// Not thread-safe.
class Watch {
 public:
  /// Of an experiment that has started.
  explicit Watch(const ExperimentRecord& record);

  /// The allocation has changed.
  void update(const ExperimentRecord& record);

  /// `lost`: events that are known not to have come, of all (EventCounts), as logs and gateways say.
  Analysis look(const Aggregates& aggregates, WallTime now, EventCounts lost = {});

 private:
  /// One metric of one variant.
  struct Question {
    uint32_t metric;
    uint32_t arm;
    std::optional<MeanWatch> means;
    std::optional<RateWatch> rates;
    uint32_t next_revision = 0;  ///< Of the rates: cells before this
    int64_t next_bucket = 0;     ///< and this are in it.
    bool was_significant = false;
  };

  const MetricDefinition& metric(uint32_t index) const { return record_.definition.metrics[index]; }
  Comparison compare(Question& question, const Aggregates& aggregates, WallTime now);
  void compare_by_estimate(Question& question, const MetricView& view, Comparison& comparison) const;
  void compare_quantiles(const Question& question, const MetricView& view, Comparison& comparison) const;
  void follow_rates(Question& question, const MetricView& view, WallTime now, Comparison& comparison) const;
  void adjust(std::vector<Comparison>& comparisons);
  std::vector<Finding> check_health(const Aggregates& aggregates, EventCounts lost) const;

  ExperimentRecord record_;
  const Rules rules_;
  std::vector<Question> questions_;
};

}  // namespace troupe::experiment
