#pragma once
// Watch: looks at a running experiment's aggregates, as often as one likes, and says what they mean: whether they can
// be trusted, and how variants compare by the rule's method.

#include <memory>
#include <vector>

#include "actors/experiment/analysis/judge.hpp"
#include "actors/experiment/statistics/health.hpp"

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
  std::vector<Finding> check_health(const Aggregates& aggregates, EventCounts lost) const;
  void check_values(const Aggregates& aggregates, uint32_t index, std::vector<Finding>& findings) const;

  ExperimentRecord record_;
  std::unique_ptr<Judge> judge_;
};

}  // namespace troupe::experiment
