#pragma once
// Units of several arms as the tests of survival read them: by time of event, who was at risk and to whom it happened.

#include <span>
#include <vector>

#include "actors/experiment/statistics/survival.hpp"

namespace troupe::experiment {

/// One time at which there were events.
struct EventTime {
  double time = 0;
  std::vector<double> at_risk;  ///< By arm.
  std::vector<double> events;   ///< By arm.
};

/// Ascending in time. Refuses an arm without units and a time that is negative or not finite. O(n log n).
Result<std::vector<EventTime>> event_table(std::span<const std::span<const SurvivalUnit>> arms);

}  // namespace troupe::experiment
