#include "runtime/observe/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace troupe::observe {
namespace {

bool continues(std::string_view text, size_t from, size_t count) {
  if (text.size() < from + count) return false;
  for (size_t i = from; i < from + count; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return false;
  return true;
}

void append_json_character(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7F)
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
  else
    out += c;
}

}  // namespace

size_t utf8_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const unsigned second = text.size() > 1 ? static_cast<unsigned char>(text[1]) : 0;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(text, 1, 1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second >= 0xA0;
    return !overlong && !surrogate && continues(text, 1, 2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && second < 0x90;
    const bool beyond = lead == 0xF4 && second >= 0x90;
    return !overlong && !beyond && continues(text, 1, 3) ? 4 : 0;
  }
  return 0;
}

std::string sanitize(std::string_view text, size_t bytes_max) {
  std::string out;
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (out.size() + std::max<size_t>(length, 1) > bytes_max) break;
    if (length == 0)
      out += '?';
    else
      out.append(text, 0, length);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

void append_json_string(std::string& out, std::string_view text, size_t bytes_max) {
  out += '"';
  size_t written = 0;
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    written += std::max<size_t>(length, 1);
    if (written > bytes_max) {
      out += "…";
      break;
    }
    if (length == 0)
      out += "\xEF\xBF\xBD";
    else if (length == 1)
      append_json_character(out, text[0]);
    else
      out.append(text, 0, length);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  out += '"';
}

}  // namespace troupe::observe
