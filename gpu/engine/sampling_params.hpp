#pragma once
// SamplingParams: how a sequence's tokens are chosen and when it ends.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::gpu {

struct SamplingParams {
  static constexpr size_t stops_max = 16;
  static constexpr size_t stop_bytes_max = 1024;
  static constexpr size_t stop_tokens_max = 64;
  static constexpr size_t biases_max = 1024;

  float temperature = 1;  ///< [0, 100]; 0 = always the likeliest token.
  float top_p = 1;        ///< (0, 1]: only the likeliest tokens that together reach this probability.
  int32_t top_k = 0;      ///< Only the k likeliest tokens; 0 = all.
  float min_p = 0;        ///< [0, 1]: only tokens of at least this share of the likeliest one's probability.
  uint64_t seed = 0;      ///< Same seed, prompt and parameters: same text.
  int32_t max_tokens = 16;
  std::vector<std::string> stop;     ///< The text ends before any of these.
  bool ignore_eos = false;           ///< The model's own end tokens do not end the text.
  std::vector<int32_t> stop_tokens;  ///< End it besides.
  int32_t min_tokens = 0;            ///< No end before: 0 to max_tokens.

  float frequency_penalty = 0;                        ///< [-2, 2]: off a token's logit for each time it was generated,
  float presence_penalty = 0;                         ///< [-2, 2]: and once if it was.
  float repetition_penalty = 1;                       ///< (0, 10]: see apply_rules().
  std::vector<std::pair<int32_t, float>> logit_bias;  ///< By token, [-100, 100].

  /// Errors: invalid_argument naming the field.
  Status validate() const;
};

}  // namespace troupe::gpu
