#include "runtime/actor/restart_policy.hpp"

#include <algorithm>

namespace troupe::actor {

std::optional<Duration> RestartPolicy::on_crash(Time now) {
  while (!recent_.empty() && now - recent_.front() >= options_.window) recent_.pop_front();
  if (recent_.size() >= options_.restarts_max) return std::nullopt;
  const auto doublings = std::min<size_t>(recent_.size(), 30);
  recent_.push_back(now);
  ++restarts_;
  return std::min(options_.backoff_max, options_.backoff_first * (int64_t{1} << doublings));
}

}  // namespace troupe::actor
