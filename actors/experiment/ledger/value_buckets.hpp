#pragma once
// Buckets of values, for quantiles: fixed for ever, so that counts of any two histograms can be added.

#include <bit>
#include <map>

#include "actors/experiment/ledger/fixed_point.hpp"

namespace troupe::experiment {

/// 64 buckets to each doubling: a value is known to 1/128 of itself, i.e. ± 0.8 %. Values below 64 millionths have
/// buckets of their own; what is not above 0 is in bucket 0.
inline constexpr int sub_bucket_bits = 6;

inline uint16_t bucket_of(Fixed value) noexcept {
  if (value <= 0) return 0;
  const auto bits = static_cast<uint64_t>(value);
  const int top = static_cast<int>(std::bit_width(bits)) - 1;
  if (top <= sub_bucket_bits) return static_cast<uint16_t>(bits);
  const auto part = static_cast<uint16_t>((bits >> (top - sub_bucket_bits)) & ((1u << sub_bucket_bits) - 1));
  return static_cast<uint16_t>(((top - sub_bucket_bits + 1) << sub_bucket_bits) + part);
}

/// The least value of a bucket; the next bucket's is its end.
inline Fixed bucket_begin(uint16_t bucket) noexcept {
  const int octave = bucket >> sub_bucket_bits;
  if (octave == 0) return bucket;
  const Fixed part = bucket & ((1 << sub_bucket_bits) - 1);
  return ((Fixed{1} << sub_bucket_bits) + part) << (octave - 1);
}

/// How many values are in each bucket; none with 0. Ordered, for one spelling on disk.
using BucketCounts = std::map<uint16_t, int64_t>;

inline void add_counts(BucketCounts& to, const BucketCounts& counts, int64_t sign = 1) {
  for (const auto& [bucket, count] : counts) {
    const auto place = to.try_emplace(bucket).first;
    place->second += sign * count;
    if (place->second == 0) to.erase(place);
  }
}

}  // namespace troupe::experiment
