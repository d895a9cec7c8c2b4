#pragma once
// Names and values out of files, for messages: a long one must not make a long message.

#include <cstddef>
#include <string_view>

namespace troupe::gpu {

/// The first `max` bytes at most. No UTF-8 character is cut.
inline std::string_view clipped(std::string_view text, size_t max = 200) noexcept {
  if (text.size() <= max) return text;
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
  return text.substr(0, max);
}

}  // namespace troupe::gpu
