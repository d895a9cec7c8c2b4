#pragma once
// LatencyHistogram: quantiles of durations in fixed memory (2.7 KiB), for actor health and benchmarks.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/base/clock.hpp"

namespace troupe::observe {

/// Buckets are exact up to 7 ns and then split each power of two into eight (the idea of HdrHistogram), so a quantile
/// is off by at most 6.25 % of itself. Durations below 0 count as 0, those above 2^45 ns (9.7 h) as 2^45 ns.
/// Thread-safe: record() is wait-free, two relaxed atomic operations; readers see each record at once or later.
class LatencyHistogram {
 public:
  void record(Duration duration) noexcept;

  uint64_t count() const noexcept;
  Duration mean() const noexcept;  ///< Exact; 0 where there is none.
  /// The duration that a share `q` (0 to 1, clamped) of the records does not exceed: the middle of its bucket. 0 where
  /// there are no records.
  Duration quantile(double q) const noexcept;

  /// Adds the records of `other`; in any order and grouping the result is the same.
  void merge(const LatencyHistogram& other) noexcept;

 private:
  static constexpr unsigned sub_bits = 3;
  static constexpr unsigned power_max = 45;
  static constexpr size_t bucket_count = ((power_max - sub_bits) << sub_bits) + (size_t{1} << sub_bits);

  static size_t bucket_of(uint64_t ns) noexcept;
  static Duration middle_of(size_t bucket) noexcept;

  std::array<std::atomic<uint64_t>, bucket_count> buckets_{};
  std::atomic<uint64_t> sum_ns_{0};
};

}  // namespace troupe::observe
