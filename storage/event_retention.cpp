#include "storage/event_retention.hpp"

#include <numeric>

namespace troupe::storage {

size_t segments_to_drop(std::span<const EndedSegment> ended, const EventRetention& retention,
                        int64_t now_unix_us) noexcept {
  const int64_t keep_us = std::chrono::duration_cast<std::chrono::microseconds>(retention.keep_max).count();
  uint64_t bytes = std::accumulate(ended.begin(), ended.end(), uint64_t{0},
                                   [](uint64_t sum, const EndedSegment& segment) { return sum + segment.bytes; });
  size_t dropped = 0;
  for (const EndedSegment& segment : ended) {
    const bool is_old = segment.is_acknowledged && now_unix_us - segment.ended_unix_us >= keep_us;
    const bool is_over = segment.was_acknowledged && bytes > retention.bytes_budget;
    if (!is_old && !is_over) break;
    bytes -= segment.bytes;
    ++dropped;
  }
  return dropped;
}

}  // namespace troupe::storage
