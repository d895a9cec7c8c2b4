#pragma once
// UTF-8: stepping over characters, and replacing what is no character (Unicode 15, section 3.9, table 3-7 and "U+FFFD
// Substitution of Maximal Subparts", as Rust's from_utf8_lossy does).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::gpu {

/// What the bytes at the front of a text are.
struct Utf8Step {
  enum class Kind {
    character,  ///< One whole character of `length` bytes.
    broken,     ///< `length` bytes that together stand for one U+FFFD.
    cut_off,    ///< All `length` bytes that there are begin a character whose rest is missing.
  };
  Kind kind;
  size_t length;
};

/// Requires a non-empty text.
Utf8Step utf8_step(std::string_view text) noexcept;

/// Offset of the first byte that is not part of a whole character; none for valid text.
std::optional<size_t> find_invalid_utf8(std::string_view text) noexcept;

/// Appends `bytes` to `out` with U+FFFD for what is broken, and returns how many bytes that took: all of them if
/// `at_end`, else all but a character cut off at the end.
size_t append_lossy(std::string_view bytes, bool at_end, std::string& out);

/// A Unicode scalar value and how many bytes spell it.
struct CodePoint {
  uint32_t value;
  uint32_t length;
};

/// The character at the front of `text`. Requires valid UTF-8 and a non-empty text.
inline CodePoint first_code_point(std::string_view text) noexcept {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  return {(lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F), 4};
}

/// Where the last character of `text` begins. Requires valid UTF-8 and a non-empty text.
inline size_t last_character(std::string_view text) noexcept {
  size_t at = text.size() - 1;
  while ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

/// How many bytes at the front of `text` are below 0x80.
size_t ascii_prefix(std::string_view text) noexcept;

/// How many characters `text` has. Requires valid UTF-8.
size_t count_characters(std::string_view text) noexcept;

/// Requires a Unicode scalar value.
void append_utf8(uint32_t code_point, std::string& out);

}  // namespace troupe::gpu
