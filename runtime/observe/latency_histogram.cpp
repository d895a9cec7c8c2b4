#include "runtime/observe/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace troupe::observe {

size_t LatencyHistogram::bucket_of(uint64_t ns) noexcept {
  constexpr uint64_t linear_max = uint64_t{1} << sub_bits;
  if (ns < linear_max) return static_cast<size_t>(ns);
  const auto power = static_cast<unsigned>(std::bit_width(ns)) - 1;
  // The bits right below the leading one pick one of the eight parts.
  const uint64_t part = (ns >> (power - sub_bits)) & (linear_max - 1);
  return static_cast<size_t>(((uint64_t{power} - sub_bits) << sub_bits) + linear_max + part);
}

Duration LatencyHistogram::middle_of(size_t bucket) noexcept {
  constexpr size_t linear_max = size_t{1} << sub_bits;
  if (bucket < 2 * linear_max) return Duration{static_cast<int64_t>(bucket)};
  const size_t shift = (bucket - linear_max) >> sub_bits;
  const int64_t low = static_cast<int64_t>(linear_max + (bucket & (linear_max - 1))) << shift;
  return Duration{low + (int64_t{1} << (shift - 1))};
}

void LatencyHistogram::record(Duration duration) noexcept {
  constexpr int64_t ns_max = (int64_t{1} << power_max) - 1;
  const auto ns = static_cast<uint64_t>(std::clamp<int64_t>(duration.count(), 0, ns_max));
  buckets_[bucket_of(ns)].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(ns, std::memory_order_relaxed);
}

uint64_t LatencyHistogram::count() const noexcept {
  uint64_t count = 0;
  for (const auto& bucket : buckets_) count += bucket.load(std::memory_order_relaxed);
  return count;
}

Duration LatencyHistogram::mean() const noexcept {
  const uint64_t n = count();
  return Duration{n == 0 ? 0 : static_cast<int64_t>(sum_ns_.load(std::memory_order_relaxed) / n)};
}

Duration LatencyHistogram::quantile(double q) const noexcept {
  std::array<uint64_t, bucket_count> counts;
  uint64_t total = 0;
  for (size_t i = 0; i < bucket_count; ++i) total += counts[i] = buckets_[i].load(std::memory_order_relaxed);
  if (total == 0) return Duration{0};
  const double wanted = std::ceil((q > 0 ? std::min(q, 1.0) : 0.0) * static_cast<double>(total));
  const uint64_t rank = std::clamp<uint64_t>(static_cast<uint64_t>(wanted), 1, total);
  uint64_t seen = 0;
  for (size_t i = 0; i < bucket_count; ++i) {
    seen += counts[i];
    if (seen >= rank) return middle_of(i);
  }
  return middle_of(bucket_count - 1);
}

void LatencyHistogram::merge(const LatencyHistogram& other) noexcept {
  for (size_t i = 0; i < bucket_count; ++i) {
    const uint64_t added = other.buckets_[i].load(std::memory_order_relaxed);
    if (added != 0) buckets_[i].fetch_add(added, std::memory_order_relaxed);
  }
  sum_ns_.fetch_add(other.sum_ns_.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

}  // namespace troupe::observe
