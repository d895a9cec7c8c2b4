#include "runtime/config/utf8.hpp"

#include <simdjson.h>

#include <algorithm>

namespace troupe::config {

bool is_utf8(std::string_view text) noexcept {
  return simdjson::validate_utf8(text.data(), text.size());
}

std::string printable(std::string_view text) {
  constexpr size_t shown_max = 60;
  size_t length = std::min(text.size(), shown_max);
  // Never cut a character: a byte 10xxxxxx continues the one before it.
  while (length < text.size() && length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  std::string shown(text.substr(0, length));
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  if (length < text.size()) shown += "…";
  return shown;
}

}  // namespace troupe::config
