#include "gpu/engine/sampling_params.hpp"

namespace troupe::gpu {
namespace {

constexpr float temperature_max = 100;

bool is_continuation_byte(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Written so that NaN fails.
Status check_range(const char* name, float value, float low, float high) {
  if (value >= low && value <= high) return {};
  return fail_field(name, "{} must be between {} and {}, not {}", name, low, high, value);
}

Status check_penalties(const SamplingParams& params) {
  TROUPE_CHECK(check_range("frequency_penalty", params.frequency_penalty, -2, 2));
  TROUPE_CHECK(check_range("presence_penalty", params.presence_penalty, -2, 2));
  if (!(params.repetition_penalty > 0 && params.repetition_penalty <= 10)) {
    return fail_field("repetition_penalty", "repetition_penalty must be above 0 and at most 10, not {}",
                      params.repetition_penalty);
  }
  if (params.logit_bias.size() > SamplingParams::biases_max) {
    return fail_field("logit_bias", "at most {} biases are allowed, not {}", SamplingParams::biases_max,
                      params.logit_bias.size());
  }
  for (const auto& [token, bias] : params.logit_bias) TROUPE_CHECK(check_range("logit_bias", bias, -100, 100));
  return {};
}

Status check_stops(const SamplingParams& params) {
  if (params.stop.size() > SamplingParams::stops_max) {
    return fail_field("stop", "at most {} stop strings are allowed, not {}", SamplingParams::stops_max,
                      params.stop.size());
  }
  for (const std::string& text : params.stop) {
    if (text.empty() || text.size() > SamplingParams::stop_bytes_max) {
      return fail_field("stop", "a stop string must have 1 to {} bytes, not {}", SamplingParams::stop_bytes_max,
                        text.size());
    }
    if (is_continuation_byte(text.front())) {
      return fail_field("stop", "a stop string must be UTF-8, but one begins inside a character");
    }
  }
  if (params.stop_tokens.size() <= SamplingParams::stop_tokens_max) return {};
  return fail_field("stop_token_ids", "at most {} stop tokens are allowed, not {}", SamplingParams::stop_tokens_max,
                    params.stop_tokens.size());
}

}  // namespace

Status SamplingParams::validate() const {
  TROUPE_CHECK(check_range("temperature", temperature, 0, temperature_max));
  if (!(top_p > 0 && top_p <= 1)) return fail_field("top_p", "top_p must be above 0 and at most 1, not {}", top_p);
  if (top_k < 0) return fail_field("top_k", "top_k must be 0 (off) or more, not {}", top_k);
  if (max_tokens < 0) return fail_field("max_tokens", "max_tokens must be at least 0, not {}", max_tokens);
  if (min_tokens < 0 || min_tokens > max_tokens) {
    return fail_field("min_tokens", "min_tokens must be 0 to max_tokens = {}, not {}", max_tokens, min_tokens);
  }
  TROUPE_CHECK(check_range("min_p", min_p, 0, 1));
  TROUPE_CHECK(check_penalties(*this));
  return check_stops(*this);
}

}  // namespace troupe::gpu
