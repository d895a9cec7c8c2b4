#pragma once
// IdempotencyMetrics: what a gateway counts of requests with an idempotency key.

#include "runtime/observe/metrics.hpp"

namespace troupe::gateway {

/// `metrics` must outlive it.
class IdempotencyMetrics {
 public:
  explicit IdempotencyMetrics(observe::Metrics& metrics)
      : metrics_(metrics),
        records(metrics.gauge("troupe_idempotency_records", "Requests with an idempotency key that are remembered.")),
        bytes(metrics.gauge("troupe_idempotency_bytes", "Bytes of what is remembered of them, about.")) {}

  /// first, again, joined, replayed, conflict, unrepeatable, full, unreachable, refused.
  void count(std::string_view outcome) {
    metrics_
        .counter("troupe_idempotent_requests_total", "Requests with an idempotency key, by what was done with them.",
                 {{"outcome", std::string(outcome)}})
        .add();
  }

 private:
  observe::Metrics& metrics_;

 public:
  observe::Gauge& records;
  observe::Gauge& bytes;
};

}  // namespace troupe::gateway
