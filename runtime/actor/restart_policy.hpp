#pragma once
// RestartPolicy: when something that crashed is started again, and when it is given up. Pure: `now` is an argument.

#include <cstdint>
#include <deque>
#include <optional>

#include "runtime/base/clock.hpp"

namespace troupe::actor {

struct RestartOptions {
  uint32_t restarts_max = 5;  ///< Restarts within `window`; one more crash gives up.
  Duration window = std::chrono::minutes{1};
  Duration backoff_first = std::chrono::milliseconds{100};  ///< Doubles with each restart within the window …
  Duration backoff_max = std::chrono::seconds{10};          ///< … up to this.
};

/// Restart intensity with exponential back-off, as Erlang/OTP supervisors have it. `now` must not go backwards.
class RestartPolicy {
 public:
  explicit RestartPolicy(RestartOptions options) : options_(options) {}

  /// After a crash at `now`: how long to wait before the next start, or none: give up.
  std::optional<Duration> on_crash(Time now);
  /// Restarts granted so far, ever.
  uint32_t restarts() const noexcept { return restarts_; }

 private:
  RestartOptions options_;
  std::deque<Time> recent_;  ///< Crashes within the window; at most restarts_max.
  uint32_t restarts_ = 0;
};

}  // namespace troupe::actor
