#pragma once
// Numbers as combinations: which level of each of several things the n-th combination of their levels has.

#include <cstddef>
#include <span>
#include <vector>

namespace troupe {

/// Digit i runs from 0 to radices[i] - 1, the last one changing fastest. Requires radices above 0, and a number below
/// their product.
inline std::vector<size_t> mixed_radix_digits(size_t number, std::span<const size_t> radices) {
  std::vector<size_t> digits(radices.size());
  for (size_t i = radices.size(); i-- > 0; number /= radices[i]) digits[i] = number % radices[i];
  return digits;
}

}  // namespace troupe
