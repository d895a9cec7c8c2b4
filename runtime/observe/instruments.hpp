#pragma once
// Counter, Gauge, Histogram: what components hold to count and measure. Made by Metrics, which keeps them in place; all
// calls are thread-safe, lock-free and allocate nothing. prometheus-cpp's own Histogram takes a lock to observe.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/base/clock.hpp"

namespace troupe::observe {

/// Only grows. Two cache lines of different counters never meet.
class alignas(64) Counter {
 public:
  void add(uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class alignas(64) Gauge {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(double change) noexcept { value_.fetch_add(change, std::memory_order_relaxed); }
  double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// Counts values in buckets by upper bound (inclusive); what is above the last falls into "+Inf".
class Histogram {
 public:
  /// Bounds grow strictly and are finite.
  explicit Histogram(std::vector<double> bounds);

  void observe(double value) noexcept;  ///< NaN is ignored.
  /// In seconds, as Prometheus wants durations.
  void observe(Duration duration) noexcept { observe(std::chrono::duration<double>(duration).count()); }

  const std::vector<double>& bounds() const noexcept { return bounds_; }
  /// Per bucket, not cumulative; one more than bounds(), the last being "+Inf".
  std::vector<uint64_t> counts() const;
  double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<uint64_t>[]> counts_;
  std::atomic<double> sum_{0};
};

/// Seconds, 100 µs to 60 s: the same for every latency, so that dashboards can compare them.
inline constexpr std::array latency_buckets{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                            0.1,    0.25,    0.5,    1.0,   2.5,    5.0,   10.0, 30.0,  60.0};

}  // namespace troupe::observe
