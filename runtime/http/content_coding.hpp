#pragma once
// Content codings (RFC 9110, section 8.4): bodies smaller on the way than they are. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace troupe::http {

enum class Coding : uint8_t {
  identity,
  gzip,     ///< RFC 1952.
  deflate,  ///< RFC 1950; without its frame too, as some send it.
  brotli,   ///< RFC 7932.
  zstd,     ///< RFC 8878.
};

/// What is understood, as `accept-encoding` lists it.
inline constexpr std::string_view codings_known = "gzip, deflate, br, zstd";

/// "gzip"; brotli is "br".
std::string_view to_string(Coding coding) noexcept;
/// Without case; "x-gzip" too. None for others, and for more than one.
std::optional<Coding> coding_from_name(std::string_view name) noexcept;

/// The one that an `accept-encoding` likes best; of those it likes alike, the one that costs least. identity where it
/// likes none of ours, or can't be read.
Coding choose_coding(std::string_view accept_encoding) noexcept;

/// All of `body` decoded. too_large, before it is, where that would have more than `bytes_max` bytes; invalid_argument
/// where `body` is damaged, ends early, or is followed by something else.
Result<std::string> decode(Coding coding, std::string_view body, size_t bytes_max);

/// At each coding's fastest level: what is sent once is not worth more.
std::string encode(Coding coding, std::string_view body);

}  // namespace troupe::http
