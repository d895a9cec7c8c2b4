#pragma once
// Unicode: classes of characters and normal forms, as the `tokenizers` library sees them.
//
// The data is utf8proc's (Unicode 15.0). The library mixes versions from 8 to 17; where that shows in characters that
// an old version of it does not know, the tables in unicode_gaps.hpp follow the library.

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::gpu::unicode {

/// The property White_Space.
bool is_white_space(uint32_t character) noexcept;
/// General category M, or Mn alone.
bool is_mark(uint32_t character) noexcept;
bool is_nonspacing_mark(uint32_t character) noexcept;
/// General category P, and all ASCII characters that are neither letters, digits, controls nor spaces.
bool is_punctuation(uint32_t character) noexcept;
/// General categories Cc, Cf, Co.
bool is_control(uint32_t character) noexcept;
/// General category N.
bool is_number(uint32_t character) noexcept;
/// What `\w` means in UTS #18, annex C: alphabetic characters, marks, decimal digits, connectors, joiners.
bool is_word(uint32_t character) noexcept;
/// The blocks of CJK ideographs, as BERT's tokenizer lists them.
bool is_cjk_ideograph(uint32_t character) noexcept;

/// Appends the lower case of `character`, which may be two characters.
void append_lower(uint32_t character, std::string& out);

enum class NormalForm : uint8_t { nfc, nfd, nfkc, nfkd };

/// Requires valid UTF-8. Linear but for the length of runs of combining marks, n log n in that. At most 12 times as
/// long.
std::string normalize(std::string_view text, NormalForm form);

/// How many bytes at the front of `text` are its first extended grapheme cluster. Requires valid UTF-8, not empty.
size_t first_grapheme(std::string_view text) noexcept;

}  // namespace troupe::gpu::unicode
