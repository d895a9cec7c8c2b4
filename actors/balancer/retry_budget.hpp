#pragma once
// RetryBudget: keeps retries a small share of traffic, so that they can't turn an overload into a collapse. Pure.

#include "runtime/base/clock.hpp"

namespace troupe::balancer {

struct RetryBudgetOptions {
  double per_request = 0.1;  ///< Retries earned by each request.
  double per_second = 10;    ///< Retries earned by time.
  double retries_max = 100;  ///< Most that can be saved up.
};

/// A token bucket (the scheme of Finagle's RetryBudget). `now` must not go backwards.
class RetryBudget {
 public:
  explicit RetryBudget(RetryBudgetOptions options, Time start)
      : options_(options), tokens_(options.per_second), updated_(start) {}

  void on_request(Time now);
  /// Takes one retry if there is one.
  bool try_retry(Time now);

 private:
  void refill(Time now);

  RetryBudgetOptions options_;
  double tokens_;
  Time updated_;
};

}  // namespace troupe::balancer
