#pragma once
// WaitEstimate: how long a replica would take to answer one request more, as a gateway can tell. Pure.

#include <optional>

#include "runtime/base/clock.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::balancer {

/// By Little's law: with N requests of this gateway at the replica and X of them answered a second, the next one takes
/// (N + 1) / X. That holds with several gateways too, as each sees its share of both. X is measured only while the
/// replica's load reports say that requests wait there: when none do, X is the rate of arrival and says nothing of what
/// the replica could do, and a request need not wait. So a burst to an idle replica is never refused.
/// How many it computes at once is known too from when it was last busy: a queue that empties because what waited in it
/// had expired is no idle replica, and a gateway that took it for one would fill it again with what must expire.
///
/// `now` must not go backwards.
class WaitEstimate {
 public:
  /// Answers from which a rate is taken; before that nothing is foretold. The mean forgets over ten times as many.
  static constexpr uint32_t answers_min = 8;

  /// A request was answered.
  void on_answer(const std::optional<protocol::LoadReport>& load, Time now);
  /// The replica refused a request, because its queue is full, with `outstanding` others of ours there.
  void on_full(uint32_t outstanding, Time now);

  /// From being sent to the end of the answer; 0 where nothing says that it would have to wait.
  Duration next(uint32_t outstanding, Time now) const;
  /// Its queue is known to be full: until fewer of ours are there, or a moment has passed in which others' may have
  /// left.
  bool is_full(uint32_t outstanding, Time now) const;

 private:
  std::optional<Time> busy_at_;  ///< The last answer, where requests waited after it.
  Time last_busy_{};             ///< The last answer of that kind.
  uint32_t slots_ = 0;           ///< Computed at once then.
  double interval_ns_ = 0;       ///< Mean time between answers while requests waited.
  uint32_t answers_ = 0;         ///< Intervals in the mean, at most answers_max.
  uint32_t full_at_ = 0;
  Time full_until_{};
};

}  // namespace troupe::balancer
