#pragma once
// What an EventLog finds on disk when it is opened: its segments, where they end, and what of them counts. Blocks on
// disk, for start-up.

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/clock.hpp"
#include "storage/event_checkpoint.hpp"
#include "storage/event_record.hpp"

namespace troupe::storage {

struct FoundSegment {
  std::filesystem::path path;
  SegmentHeader header;
  LogPosition end;
  uint64_t file_bytes = 0;
  int64_t sealed_unix_us = 0;  ///< The file's time.
};

struct FoundEvents {
  std::vector<FoundSegment> segments;  ///< From the oldest; each has a record.
  LogPosition end;
  SlotSeqs next{};       ///< The next sequence numbers.
  bool is_torn = false;  ///< Something that was not synced when the power went is damaged, and was cut off.
};

/// "segment-00000000000000a1"
std::string segment_file_name(uint64_t index);

/// Reads what lies in `directory` from the segment on that holds the last synced position. What is damaged behind that
/// position is a torn end: it is cut off, with everything after it. What is left is synced. Segments that were prepared
/// and not used are removed. `now` is when what was still written to is taken for ended.
/// Errors: corrupt_data (damage before that position, a segment missing or of another stream; names file and offset),
/// failed_precondition (a newer troupe's), and those of disks.
Result<FoundEvents> find_events(const std::filesystem::path& directory, const EventCheckpoint& checkpoint,
                                WallTime now);

/// Whether `directory` holds segments.
bool has_segments(const std::filesystem::path& directory);

}  // namespace troupe::storage
