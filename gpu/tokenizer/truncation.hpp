#pragma once
// Truncation: cuts encodings to a length, as the "truncation" of a tokenizer.json says.

#include <cstdint>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::gpu {

struct Truncation {
  enum class Strategy : uint8_t { longest_first, only_first, only_second };
  enum class Direction : uint8_t { right, left };  ///< Which end is cut off.

  size_t max_length = 0;  ///< Of the whole, special tokens included.
  Strategy strategy = Strategy::longest_first;
  Direction direction = Direction::right;
};

/// Cuts `first` and, where there is one, `second` to `room` ids together. False where there was nothing to cut. Errors:
/// invalid_argument where the text that may be cut has too little to give.
Result<bool> truncate(std::vector<int32_t>& first, std::vector<int32_t>* second, size_t room, const Truncation& how);

}  // namespace troupe::gpu
