#pragma once
// What an EventLog lets go of. Pure: `now` is an argument.

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/base/clock.hpp"
#include "runtime/base/units.hpp"

namespace troupe::storage {

/// A segment that is written to its end.
struct EndedSegment {
  uint64_t bytes = 0;
  int64_t ended_unix_us = 0;
  bool is_acknowledged = false;   ///< All its events are.
  bool was_acknowledged = false;  ///< All its events were once, before a rewind.
};

struct EventRetention {
  Duration keep_max;      ///< Acknowledged segments are kept for so long,
  uint64_t bytes_budget;  ///< while all together have at most so many bytes.
};

/// How many of `ended`, from the oldest on, go. Those that were never acknowledged don't, nor what lies behind them:
/// then more than the budget stays.
size_t segments_to_drop(std::span<const EndedSegment> ended, const EventRetention& retention,
                        int64_t now_unix_us) noexcept;

}  // namespace troupe::storage
