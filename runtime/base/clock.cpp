#include "runtime/base/clock.hpp"

#include <fmt/chrono.h>

namespace troupe {

Time SystemClock::now() const noexcept {
  return std::chrono::steady_clock::now();
}
WallTime SystemClock::wall() const noexcept {
  return std::chrono::system_clock::now();
}

std::string to_iso8601(WallTime time) {
  const int64_t us = unix_microseconds(time);
  const std::time_t seconds = static_cast<std::time_t>(us / 1'000'000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), (us % 1'000'000) / 1000);
}

int64_t unix_microseconds(WallTime time) noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

WallTime wall_time_from_unix_microseconds(int64_t microseconds) noexcept {
  return WallTime{std::chrono::duration_cast<WallTime::duration>(std::chrono::microseconds{microseconds})};
}

}  // namespace troupe
