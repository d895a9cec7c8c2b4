#pragma once
// Numbers that are summed: integers, so that a sum is the same bits in whatever order and grouping it was made.

#include <cmath>
#include <cstdint>

#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// What an event may say of a measure, in units of 2^-20 (one millionth).
using Fixed = int64_t;
__extension__ typedef __int128 Int128;

inline constexpr int fixed_bits = 20;
inline constexpr double fixed_one = 1 << fixed_bits;
/// Of one event.
inline constexpr double value_max = 1e9;
/// Of one unit (8.6e9): a total beyond it counts as this. 2^20 units may be there with room in their squares' sum.
inline constexpr Fixed total_max = Fixed{1} << 53;

/// Rounded to the nearest, ties to even. invalid_argument for NaN, infinities and magnitudes above 1e9.
inline Result<Fixed> to_fixed(double value) {
  if (std::isfinite(value) && std::abs(value) <= value_max)
    return static_cast<Fixed>(std::nearbyint(value * fixed_one));
  return fail(Errc::invalid_argument, "a value must be a number from -1e9 to 1e9, found {}", value);
}

inline double from_fixed(Int128 sum) {
  return static_cast<double>(sum) / fixed_one;
}
/// Of a sum of products of two.
inline double from_fixed_product(Int128 sum) {
  return static_cast<double>(sum) / (fixed_one * fixed_one);
}

}  // namespace troupe::experiment
