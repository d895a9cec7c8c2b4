#pragma once
// How likely tokens were.

#include <cstdint>
#include <span>
#include <vector>

namespace troupe::gpu {

struct TokenLogProbability {
  int32_t token = 0;
  double value = 0;  ///< Natural logarithm.
};

struct LogProbabilities {
  TokenLogProbability chosen;
  std::vector<TokenLogProbability> top;  ///< The likeliest first, among equals the lower token.
};

/// By the softmax of `logits`, in double. Requires finite logits and `chosen` among them; `top` beyond their number
/// gives all.
LogProbabilities log_probabilities(std::span<const float> logits, int32_t chosen, uint32_t top);

}  // namespace troupe::gpu
