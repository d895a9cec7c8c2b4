#pragma once
// Quantities with units, as people write them: "5ms", "512MiB".

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

namespace troupe {

/// A number of bytes.
struct ByteCount {
  uint64_t value = 0;
  auto operator<=>(const ByteCount&) const = default;
};

constexpr ByteCount operator""_KiB(unsigned long long n) {
  return {n << 10};
}
constexpr ByteCount operator""_MiB(unsigned long long n) {
  return {n << 20};
}
constexpr ByteCount operator""_GiB(unsigned long long n) {
  return {n << 30};
}

/// Parses "250us", "5ms", "1.5s", "2m", "1h", "3d" and "0". A bare number other than 0 is an error: a unit is required.
Result<Duration> parse_duration(std::string_view text);
/// Shortest exact form in one unit: "5ms", "1500ms", "2m".
std::string format_duration(Duration duration);

/// Parses "0", "1024", "64KiB", "512MiB", "2GiB" (powers of 1024) and "1KB", "1MB", "1GB" (powers of 1000).
Result<ByteCount> parse_bytes(std::string_view text);
/// "512MiB", "1.5GiB", "100B".
std::string format_bytes(ByteCount count);

}  // namespace troupe
