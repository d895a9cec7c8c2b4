#include "gpu/engine/sampling_params.hpp"

namespace troupe::gpu {
namespace {

constexpr float temperature_max = 100;

bool is_continuation_byte(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

}  // namespace

Status SamplingParams::validate() const {
  // Written so that NaN fails.
  if (!(temperature >= 0 && temperature <= temperature_max)) {
    return fail_field("temperature", "temperature must be between 0 and {}, not {}", temperature_max, temperature);
  }
  if (!(top_p > 0 && top_p <= 1)) return fail_field("top_p", "top_p must be above 0 and at most 1, not {}", top_p);
  if (top_k < 0) return fail_field("top_k", "top_k must be 0 (off) or more, not {}", top_k);
  if (max_tokens < 1) return fail_field("max_tokens", "max_tokens must be at least 1, not {}", max_tokens);
  if (stop.size() > stops_max) {
    return fail_field("stop", "at most {} stop strings are allowed, not {}", stops_max, stop.size());
  }
  for (const std::string& text : stop) {
    if (text.empty() || text.size() > stop_bytes_max) {
      return fail_field("stop", "a stop string must have 1 to {} bytes, not {}", stop_bytes_max, text.size());
    }
    if (is_continuation_byte(text.front())) {
      return fail_field("stop", "a stop string must be UTF-8, but one begins inside a character");
    }
  }
  return {};
}

}  // namespace troupe::gpu
