#include "gpu/tokenizer/charsmap.hpp"

#include <algorithm>

#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

uint32_t read_u32(std::string_view bytes) noexcept {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// The fields of a unit, as Darts packs them.
bool has_leaf(uint32_t unit) noexcept {
  return (unit >> 8 & 1) != 0;
}
uint32_t value(uint32_t unit) noexcept {
  return unit & 0x7FFFFFFF;
}
uint32_t label(uint32_t unit) noexcept {
  return unit & 0x800000FF;
}
uint32_t offset(uint32_t unit) noexcept {
  return (unit >> 10) << ((unit & 0x200) >> 6);
}

/// RFC 4648, with padding.
Result<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto wrong = [] { return fail(Errc::corrupt_data, "expected base64"); };
  if (text.size() % 4 != 0) return wrong();
  if (text.ends_with('=')) text.remove_suffix(1);
  if (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const size_t six = alphabet.find(c);
    if (six == std::string_view::npos) return wrong();
    bits = bits << 6 | static_cast<uint32_t>(six);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFF);
  }
  return bytes;
}

}  // namespace

Result<Charsmap> Charsmap::parse(std::string_view bytes) {
  constexpr size_t unit_bytes = 4;
  if (bytes.size() > max_bytes) return fail(Errc::corrupt_data, "at most {} bytes are allowed", max_bytes);
  if (bytes.size() < unit_bytes) return fail(Errc::corrupt_data, "the character map is cut off");
  const size_t trie_bytes = read_u32(bytes) / unit_bytes * unit_bytes;
  bytes.remove_prefix(unit_bytes);
  if (trie_bytes == 0 || trie_bytes > bytes.size()) {
    return fail(Errc::corrupt_data, "the character map says that its trie has {} bytes; there are {}", trie_bytes,
                bytes.size());
  }
  Charsmap map;
  for (size_t at = 0; at < trie_bytes; at += unit_bytes) map.units_.push_back(read_u32(bytes.substr(at)));
  map.replacements_ = std::string(bytes.substr(trie_bytes));
  if (const auto broken = find_invalid_utf8(map.replacements_)) {
    return fail(Errc::corrupt_data, "the replacements of the character map are not valid UTF-8 at byte {}", *broken);
  }
  return map;
}

Result<Charsmap> Charsmap::parse_base64(std::string_view text) {
  TROUPE_TRY(const std::string bytes, decode_base64(text));
  return parse(bytes);
}

std::optional<std::string_view> Charsmap::find(std::string_view text) const noexcept {
  uint32_t at = offset(units_.front());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    at ^= byte;
    if (byte == 0 || at >= units_.size() || label(units_[at]) != byte) return std::nullopt;
    const uint32_t unit = units_[at];
    at ^= offset(unit);
    if (!has_leaf(unit)) continue;
    if (at >= units_.size()) return std::nullopt;
    const size_t begin = value(units_[at]);
    // An offset into the middle of a character would make broken text.
    if (begin > replacements_.size() ||
        (begin < replacements_.size() && (static_cast<unsigned char>(replacements_[begin]) & 0xC0) == 0x80)) {
      return std::nullopt;
    }
    const size_t end = std::min(replacements_.find('\0', begin), replacements_.size());
    return std::string_view(replacements_).substr(begin, end - begin);
  }
  return std::nullopt;
}

}  // namespace troupe::gpu
