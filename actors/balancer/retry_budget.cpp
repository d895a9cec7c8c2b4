#include "actors/balancer/retry_budget.hpp"

#include <algorithm>

namespace troupe::balancer {

void RetryBudget::refill(Time now) {
  const double seconds = std::chrono::duration<double>(now - updated_).count();
  tokens_ = std::min(options_.retries_max, tokens_ + seconds * options_.per_second);
  updated_ = now;
}

void RetryBudget::on_request(Time now) {
  refill(now);
  tokens_ = std::min(options_.retries_max, tokens_ + options_.per_request);
}

bool RetryBudget::try_retry(Time now) {
  refill(now);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

}  // namespace troupe::balancer
