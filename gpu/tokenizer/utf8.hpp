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

/// Requires a Unicode scalar value.
void append_utf8(uint32_t code_point, std::string& out);

}  // namespace troupe::gpu
