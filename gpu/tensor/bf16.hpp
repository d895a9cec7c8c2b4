#pragma once
// Bf16: brain floating point, the upper half of an fp32.

#include <bit>
#include <cstdint>

namespace troupe::gpu {

/// 1 bit of sign, 8 of exponent, 7 of fraction.
struct Bf16 {
  uint16_t bits = 0;
};

/// Exact.
inline float to_float(Bf16 value) noexcept {
  return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 16);
}

}  // namespace troupe::gpu
