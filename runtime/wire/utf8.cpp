#include "runtime/wire/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace troupe::wire {
namespace {

/// Length of the well-formed character at `text`, 0 if there is none in the `size` bytes.
size_t character_length(const uint8_t* text, size_t size) noexcept {
  const uint8_t lead = text[0];
  if (lead < 0x80) return 1;

  // The lead byte fixes the length and the range of the second byte; all others are 80..BF.
  size_t length = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return 0;
  }

  if (size < length || text[1] < low || text[1] > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((text[i] & 0xc0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  const auto* data = reinterpret_cast<const uint8_t*>(text.data());
  size_t position = 0;
  while (position < text.size()) {
    uint64_t word = 0;
    if (text.size() - position >= sizeof word) {
      std::memcpy(&word, data + position, sizeof word);
      if ((word & 0x8080808080808080ULL) == 0) {
        position += sizeof word;
        continue;
      }
    }
    const size_t length = character_length(data + position, text.size() - position);
    if (length == 0) return false;
    position += length;
  }
  return true;
}

}  // namespace troupe::wire
