#pragma once
// SamplingParams: how a sequence's tokens are chosen and when it ends.

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::gpu {

struct SamplingParams {
  static constexpr size_t stops_max = 16;
  static constexpr size_t stop_bytes_max = 1024;

  float temperature = 1;  ///< [0, 100]; 0 = always the likeliest token.
  float top_p = 1;        ///< (0, 1]: only the likeliest tokens that together reach this probability.
  int32_t top_k = 0;      ///< Only the k likeliest tokens; 0 = all.
  uint64_t seed = 0;      ///< Same seed, prompt and parameters: same text.
  int32_t max_tokens = 16;
  std::vector<std::string> stop;  ///< The text ends before any of these.
  bool ignore_eos = false;        ///< Go on to max_tokens.

  /// Errors: invalid_argument naming the field.
  Status validate() const;
};

}  // namespace troupe::gpu
