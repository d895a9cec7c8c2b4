#include "gpu/tokenizer/unicode.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

#include "gpu/tokenizer/unicode_gaps.hpp"
#include "gpu/tokenizer/utf8.hpp"
#include "runtime/base/assert.hpp"

namespace troupe::gpu::unicode {
namespace {

utf8proc_category_t category(uint32_t character) noexcept {
  return utf8proc_category(static_cast<utf8proc_int32_t>(character));
}

bool within(uint32_t character, uint32_t first, uint32_t last) noexcept {
  return character >= first && character <= last;
}

/// Nothing below is changed by `form`, nor joined to what stands before it.
uint32_t first_affected(NormalForm form) noexcept {
  switch (form) {
    case NormalForm::nfc:
      return 0x300;
    case NormalForm::nfd:
      return 0xC0;
    default:
      return 0xA0;
  }
}

utf8proc_option_t options(NormalForm form) noexcept {
  const bool compatible = form == NormalForm::nfkc || form == NormalForm::nfkd;
  const int flags = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0);
  return static_cast<utf8proc_option_t>(flags);
}

utf8proc_propval_t combining_class(utf8proc_int32_t character) noexcept {
  return utf8proc_get_property(character)->combining_class;
}

/// The canonical ordering of Unicode 15, section 3.11, D109. utf8proc's own takes quadratic time.
void order_marks(std::vector<utf8proc_int32_t>& characters) {
  const auto is_starter = [](utf8proc_int32_t c) { return combining_class(c) == 0; };
  for (auto at = characters.begin(); at != characters.end();) {
    at = std::find_if_not(at, characters.end(), is_starter);
    const auto end = std::find_if(at, characters.end(), is_starter);
    std::stable_sort(at, end,
                     [](utf8proc_int32_t a, utf8proc_int32_t b) { return combining_class(a) < combining_class(b); });
    at = end;
  }
}

/// Normalizes one stretch of text that nothing outside of it can change.
void append_normalized(std::string_view text, NormalForm form, std::vector<utf8proc_int32_t>& buffer,
                       std::string& out) {
  buffer.clear();
  std::array<utf8proc_int32_t, 32> parts{};
  while (!text.empty()) {
    const CodePoint next = first_code_point(text);
    text.remove_prefix(next.length);
    int boundary_state = 0;
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(next.value), parts.data(),
                                static_cast<utf8proc_ssize_t>(parts.size()), options(form), &boundary_state);
    TROUPE_ASSERT(count >= 0 && static_cast<size_t>(count) <= parts.size());
    buffer.insert(buffer.end(), parts.begin(), parts.begin() + count);
  }
  order_marks(buffer);
  auto length = static_cast<utf8proc_ssize_t>(buffer.size());
  if (form == NormalForm::nfc || form == NormalForm::nfkc) {
    length = utf8proc_normalize_utf32(buffer.data(), length,
                                      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  }
  for (utf8proc_ssize_t i = 0; i < length; ++i) append_utf8(static_cast<uint32_t>(buffer[static_cast<size_t>(i)]), out);
}

/// Where the next stretch that has to be looked at begins: one character before the first affected one, since that one
/// may join it.
size_t find_affected(std::string_view text, size_t from, uint32_t first) noexcept {
  size_t previous = from;
  for (size_t at = from; at < text.size();) {
    const size_t plain = ascii_prefix(text.substr(at));
    if (plain > 0) {
      previous = at + plain - 1;
      at += plain;
      continue;
    }
    const CodePoint next = first_code_point(text.substr(at));
    if (next.value >= first) return previous;
    previous = at;
    at += next.length;
  }
  return text.size();
}

/// Where a stretch that begins at `from` ends: before the first ASCII character that follows another one.
size_t stretch_end(std::string_view text, size_t from) noexcept {
  size_t at = from + 1;
  while (at < text.size() && static_cast<unsigned char>(text[at]) >= 0x80) ++at;
  return at;
}

}  // namespace

bool is_white_space(uint32_t c) noexcept {
  if (c < 0x80) return c == ' ' || within(c, 0x09, 0x0D);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || within(c, 0x2000, 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_mark(uint32_t c) noexcept {
  if (c < 0x300) return false;
  const auto kind = category(c);
  const bool mark = kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_MC || kind == UTF8PROC_CATEGORY_ME;
  return mark != in_ranges(c, mark_gaps);
}

bool is_nonspacing_mark(uint32_t c) noexcept {
  if (c < 0x300) return false;
  return (category(c) == UTF8PROC_CATEGORY_MN) != in_ranges(c, nonspacing_mark_gaps);
}

bool is_punctuation(uint32_t c) noexcept {
  if (c < 0x80) return within(c, 0x21, 0x2F) || within(c, 0x3A, 0x40) || within(c, 0x5B, 0x60) || within(c, 0x7B, 0x7E);
  return within(category(c), UTF8PROC_CATEGORY_PC, UTF8PROC_CATEGORY_PO) != in_ranges(c, punctuation_gaps);
}

bool is_control(uint32_t c) noexcept {
  if (c < 0x80) return c < 0x20 || c == 0x7F;
  const auto kind = category(c);
  const bool control = kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_CO;
  return control != in_ranges(c, control_gaps);
}

bool is_number(uint32_t c) noexcept {
  if (c < 0x80) return within(c, '0', '9');
  return within(category(c), UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NO);
}

bool is_word(uint32_t c) noexcept {
  if (c < 0x80) return within(c, '0', '9') || within(c, 'A', 'Z') || within(c, 'a', 'z') || c == '_';
  switch (category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return true;
    default:
      // Joiners, and letters in circles and squares, which are symbols by category but alphabetic.
      return c == 0x200C || c == 0x200D || within(c, 0x24B6, 0x24E9) || within(c, 0x1F130, 0x1F149) ||
             within(c, 0x1F150, 0x1F169) || within(c, 0x1F170, 0x1F189);
  }
}

bool is_cjk_ideograph(uint32_t c) noexcept {
  return within(c, 0x4E00, 0x9FFF) || within(c, 0x3400, 0x4DBF) || within(c, 0x20000, 0x2A6DF) ||
         within(c, 0x2A700, 0x2B73F) || within(c, 0x2B740, 0x2B81F) || within(c, 0x2B920, 0x2CEAF) ||
         within(c, 0xF900, 0xFAFF) || within(c, 0x2F800, 0x2FA1F);
}

void append_lower(uint32_t c, std::string& out) {
  if (c == 0x130) {
    // The one character whose lower case is two (SpecialCasing.txt, without conditions).
    out += "i\u0307";
    return;
  }
  append_utf8(static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))), out);
}

std::string normalize(std::string_view text, NormalForm form) {
  const uint32_t first = first_affected(form);
  std::string out;
  std::vector<utf8proc_int32_t> buffer;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t begin = find_affected(text, at, first);
    out += text.substr(at, begin - at);
    if (begin == text.size()) break;
    const size_t end = stretch_end(text, begin);
    append_normalized(text.substr(begin, end - begin), form, buffer, out);
    at = end;
  }
  return out;
}

size_t first_grapheme(std::string_view text) noexcept {
  const auto is_ascii = [&](size_t i) { return static_cast<unsigned char>(text[i]) < 0x80; };
  if (text.size() > 1 && is_ascii(0) && is_ascii(1) && !(text[0] == '\r' && text[1] == '\n')) return 1;
  CodePoint current = first_code_point(text);
  size_t at = current.length;
  utf8proc_int32_t state = 0;
  while (at < text.size()) {
    const CodePoint next = first_code_point(text.substr(at));
    if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(current.value),
                                         static_cast<utf8proc_int32_t>(next.value), &state)) {
      break;
    }
    at += next.length;
    current = next;
  }
  return at;
}

}  // namespace troupe::gpu::unicode
