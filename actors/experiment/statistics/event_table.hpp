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

/// Of an arm's events at one time, given how many there were in all.
double expected_events(const EventTime& at, size_t arm);
/// Hypergeometric covariance of two arms' events, likewise.
double covariance_of_events(const EventTime& at, size_t a, size_t b);

/// What the log-rank test stands on: the second arm's events less what is expected if arms are alike, and its variance.
struct LogRankScore {
  double difference = 0;
  double variance = 0;

  LogRankScore& operator+=(const LogRankScore& other) {
    difference += other.difference;
    variance += other.variance;
    return *this;
  }
};
/// Of a table of two arms; the scores of strata are added up.
LogRankScore log_rank_score(std::span<const EventTime> table);

/// Ascending in time. Refuses an arm without units and a time that is negative or not finite. O(n log n).
Result<std::vector<EventTime>> event_table(std::span<const std::span<const SurvivalUnit>> arms);

}  // namespace troupe::experiment
