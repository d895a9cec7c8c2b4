#pragma once
// EventCheckpoint: what an EventLog knows beside its segments, in the file `checkpoint` of its folder. Two copies take
// turns in it, so that one that is torn leaves the other. It is written after each sync of the events and seldom synced
// itself: after a loss of power it may lag behind, but is never ahead.

#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

#include "runtime/base/result.hpp"
#include "storage/event_record.hpp"
#include "storage/file_tree.hpp"

namespace troupe::storage {

/// Why an event was not taken. Values lie on disk: never renumber, never reuse.
enum class EventLoss : uint8_t {
  overloaded = 0,    ///< The next segment was not ready.
  log_full = 1,      ///< The log has its size of events that nobody has acknowledged.
  disk_full = 2,     ///< The disk has no room for a segment.
  disk_failing = 3,  ///< The disk takes no segment for another reason.
  too_large = 4,     ///< The event is over event_bytes_max.
};
inline constexpr size_t event_loss_kinds = 5;
/// Events per EventLoss.
using EventLosses = std::array<uint64_t, event_loss_kinds>;

struct EventCheckpoint {
  StreamId stream;
  LogPosition synced;            ///< What lies before is on disk.
  LogPosition low_water;         ///< What lies before is acknowledged.
  SlotSeqs acknowledged{};       ///< The first that is not.
  SlotSeqs acknowledged_ever{};  ///< The same, without what was rewound.
  EventLosses lost{};            ///< Events that were lost, by reason
  SlotSeqs lost_in_slots{};      ///< and by slot.

  bool operator==(const EventCheckpoint&) const = default;
};

inline constexpr size_t checkpoint_copy_bytes = 4096;

/// One copy, checkpoint_copy_bytes; of two that can be read the one of the higher `generation` counts.
std::string encode_checkpoint(const EventCheckpoint& checkpoint, uint64_t generation);
struct CheckpointCopy {
  EventCheckpoint checkpoint;
  uint64_t generation = 0;
};
/// None where it is damaged. Errors: failed_precondition (a newer troupe's).
Result<std::optional<CheckpointCopy>> decode_checkpoint(std::string_view bytes);

/// One thread at a time.
class CheckpointFile {
 public:
  /// Opens the file and reads it to `found`; none where there is none. Errors: corrupt_data (no copy can be read),
  /// failed_precondition (a newer troupe's), io_error.
  static Result<CheckpointFile> open(const std::filesystem::path& directory, std::optional<EventCheckpoint>& found);

  /// Not synced. Errors: as write_failure() says; the copy before is intact then.
  Status write(const EventCheckpoint& checkpoint);
  Status sync();

 private:
  CheckpointFile(std::filesystem::path path, FileDescriptor file) : path_(std::move(path)), file_(std::move(file)) {}

  std::filesystem::path path_;
  FileDescriptor file_;
  uint64_t generation_ = 0;
};

}  // namespace troupe::storage
