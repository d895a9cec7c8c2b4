#pragma once
// Clock: the only way to learn the time. Pure logic takes `now` as an argument instead.

#include <chrono>
#include <cstdint>
#include <string>

namespace troupe {

using Duration = std::chrono::nanoseconds;
/// For intervals and deadlines: never goes back, means nothing on another machine.
using Time = std::chrono::steady_clock::time_point;
/// For people and records.
using WallTime = std::chrono::system_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const noexcept = 0;
  virtual WallTime wall() const noexcept = 0;
};

/// The machine's clock. Thread-safe.
class SystemClock final : public Clock {
 public:
  Time now() const noexcept override;
  WallTime wall() const noexcept override;
};

/// "2026-11-21T04:05:06.123Z"
std::string to_iso8601(WallTime time);

/// Microseconds since the Unix epoch, as records store wall time.
int64_t unix_microseconds(WallTime time) noexcept;
WallTime wall_time_from_unix_microseconds(int64_t microseconds) noexcept;

}  // namespace troupe
