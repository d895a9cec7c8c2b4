#pragma once
// The byte alphabet of GPT-2 (Radford et al. 2019, bytes_to_unicode): each byte has a printable character that stands
// for it in vocabularies. 0x21-0x7E, 0xA1-0xAC and 0xAE-0xFF stand for themselves, the others are U+0100, U+0101, … in
// order.

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::gpu {

/// Appends the characters of `bytes`; at most twice as long.
void append_byte_level(std::string_view bytes, std::string& out);

/// Appends the bytes that `token` spells; a token with any other character stands for its own UTF-8, as in the
/// reference library. Requires valid UTF-8.
void append_byte_level_bytes(std::string_view token, std::string& out);

}  // namespace troupe::gpu
