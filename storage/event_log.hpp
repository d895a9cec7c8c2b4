#pragma once
// EventLog: the append-only log of what a gateway has seen, kept until an experiment's store has it and a while longer.
//
// Appends are copies into a memory-mapped file: they are safe against the death of the process when append() returns,
// and against a loss of power when synced_through() has passed them, which takes about 10 ms (sync_lag of stats()).
// Every event has a slot and the slot's next sequence number; there are no gaps in a log. A loss of power may take
// numbers back that were not synced, and they are given anew: what leaves this machine is read by a reader of synced
// events.
//
// Lies in a directory of its own: `lock`, `checkpoint` (event_checkpoint.hpp) and segments (event_record.hpp). Segments
// are made in advance, so that a full disk is an error of append(); those that are acknowledged go when they are old or
// the log has its size, the others stay.

#include <array>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/random.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "storage/brief_mutex.hpp"
#include "storage/event_checkpoint.hpp"
#include "storage/event_record.hpp"
#include "storage/event_recovery.hpp"
#include "storage/event_retention.hpp"
#include "storage/event_segment.hpp"
#include "storage/serial_thread.hpp"

namespace troupe::storage {

class EventReader;

struct EventLogOptions {
  ByteCount segment_bytes = 64_MiB;  ///< At least 128 KiB, a multiple of 4 KiB.
  ByteCount bytes_max = 10_GiB;      ///< Of all segments, also those made in advance; at least four segments.
  Duration keep_max = std::chrono::hours{7 * 24};         ///< How long acknowledged segments are kept.
  Duration sync_interval = std::chrono::milliseconds{4};  ///< From the beginning of one sync to the next.
  size_t waiting_max = 65'536;                            ///< Callbacks of when_synced() that wait.
};

struct Appended {
  uint64_t seq = 0;  ///< Of the event in its slot.
  LogPosition end;   ///< Behind the event: for when_synced().
};

/// What becomes of an event that append() refuses.
enum class IfRefused : uint8_t {
  lost,  ///< It never comes again: it is counted.
  told,  ///< Whoever it is from hears of it, and may send it again.
};

enum class ReadUpTo : uint8_t {
  synced,   ///< What a loss of power can't take back.
  written,  ///< Everything appended.
};

/// A set of slots, a bit each.
using SlotSet = uint64_t;
inline constexpr SlotSet all_slots = ~SlotSet{0};

struct EventLogStats {
  LogPosition oldest;  ///< The oldest that is kept.
  LogPosition low_water;
  LogPosition synced;
  LogPosition written;
  size_t segments = 0;  ///< With those made in advance.
  uint64_t disk_bytes = 0;
  Duration sync_lag{0};      ///< Of the last sync: from the first append that it took in, at the most, to its end.
  Duration sync_lag_max{0};  ///< Of all syncs since the log was opened.
  uint64_t syncs = 0;
  uint64_t failed_syncs = 0;
  bool was_torn = false;  ///< When it was opened, damage that was not synced was cut off.
};

/// Owns its files and two threads: one syncs and calls back, one makes, ends and deletes segments. All functions are
/// thread-safe. The destructor syncs what was appended and calls back what waits; nobody may call anything by then, and
/// readers are gone.
class EventLog {
 public:
  /// Makes the directory with a new stream where there is none. Blocks on disk: for start-up. A disk without room for a
  /// segment is no error of this, but of append(). Clock and disk (null: this machine's) must outlive the log.
  /// Errors: invalid_argument (options), unavailable (another process has it open), corrupt_data (names file and
  /// offset, and says what to do), failed_precondition (a newer troupe's), and as write_failure() says.
  static Result<std::unique_ptr<EventLog>> open(const std::filesystem::path& directory, const EventLogOptions& options,
                                                const Clock& clock, Random& random, SegmentDisk* disk = nullptr);
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  ~EventLog();

  const StreamId& stream() const noexcept { return stream_; }

  /// Appends at most event_bytes_max to the log. Requires slot < event_slots. Never waits for a disk, and makes neither
  /// allocation nor system call unless it fails or wakes a log that slept. An append that fails takes no number;
  /// where the event is lost, it is counted in lost().
  /// Errors: too_large, overloaded (the next segment is not ready), resource_exhausted (the disk is full, or the log of
  /// events that nobody acknowledged), unavailable (the disk takes no segment).
  Result<Appended> append(uint8_t slot, int64_t time_unix_us, std::string_view bytes,
                          IfRefused if_refused = IfRefused::lost);
  /// Events that were not taken, since the log was made. A crash may lose counts of its last moments.
  EventLosses lost() const;
  /// The same events, by slot.
  SlotSeqs lost_in_slots() const;

  LogPosition written_through() const noexcept { return {written_.load(std::memory_order_acquire)}; }
  /// Everything before is safe against a loss of power.
  LogPosition synced_through() const noexcept { return {synced_.load(std::memory_order_acquire)}; }
  /// `done` hears on the log's thread, which it must not block, when everything before `position` is synced, or that a
  /// sync that it waited for failed (unavailable, resource_exhausted: it may be synced later all the same).
  /// Errors: invalid_argument (a position that is not written), overloaded (waiting_max wait).
  Status when_synced(LogPosition position, std::function<void(Status)> done);
  /// Waits until what was appended is synced and segments were made and deleted as they should: for tests, and before a
  /// backup. Not from a callback. Errors: those of the sync.
  Status sync();

  /// A store holds the events of `slot` up to and with `seq`. Older ones than before say nothing new. Remembered within
  /// about a second; a crash may take it back. Errors: invalid_argument (seq is not synced: then no store can have it).
  Status acknowledge(uint8_t slot, uint64_t seq);
  /// The first of `slot` that is not acknowledged.
  uint64_t acknowledged_through(uint8_t slot) const;
  /// Everything before is acknowledged: where one who ships events goes on after a restart. It follows acknowledge() by
  /// about a second, so that some events behind it may be acknowledged too.
  LogPosition low_water() const;
  /// For a store that lost its disk: takes back the acknowledgements of `slots` as far as events are kept, and says
  /// where the oldest lies. These segments are not deleted for their age until they are acknowledged again; they are if
  /// the log has its size, since events that no store ever had come first.
  LogPosition rewind(SlotSet slots = all_slots);

  /// Reads from `from` on, which is 0 or a position of this log.
  EventReader read_from(LogPosition from, ReadUpTo up_to = ReadUpTo::synced) const;

  EventLogStats stats() const;

 private:
  friend class EventReader;

  struct Segment {
    std::filesystem::path path;
    SegmentHeader header;
    LogPosition end{UINT64_MAX};            ///< While it is written to.
    uint64_t bytes = 0;                     ///< Of the file.
    int64_t ended_unix_us = 0;              ///< 0 until the room behind its end is given back.
    std::shared_ptr<EventSegment> mapping;  ///< Until then.
  };
  struct Waiting {
    LogPosition position;
    std::function<void(Status)> done;
  };
  /// A segment as a reader sees it. `mapping` is null where it has to map `path` itself.
  struct Part {
    std::filesystem::path path;
    LogPosition base;
    LogPosition end;
    std::shared_ptr<EventSegment> mapping;
  };
  /// Bytes of a mapping that a sync has to take.
  struct Unsynced {
    std::shared_ptr<EventSegment> mapping;
    LogPosition base;
    LogPosition from;
    LogPosition to;
  };

  EventLog(std::filesystem::path directory, const EventLogOptions& options, const Clock& clock, SegmentDisk* disk);

  Status begin(Random& random);
  Status take_lock();
  Status mint(Random& random);
  void take_up(FoundEvents found, const EventCheckpoint& checkpoint);

  // append()
  bool begin_next_segment() noexcept;
  void count_refused(uint8_t slot, EventLoss reason, IfRefused if_refused) noexcept;
  void wake();

  // The syncing thread.
  void sync_until_stopped();
  bool wait_for_turn();
  void take_turn();
  Status sync_written();
  LogPosition gather_unsynced(SlotSeqs& seqs);
  Status sync_gathered();
  void prefault_ahead();
  void call_back(LogPosition failed_through, const Status& outcome);
  bool fall_asleep();
  void ask_keeper();

  // The keeping thread.
  void keep(bool is_urgent);
  void end_segments();
  void advance_low_water();
  LogPosition first_unacknowledged(LogPosition from, const SlotSeqs& acknowledged) const;
  void drop_segments(uint64_t room);
  std::vector<EndedSegment> ended_segments() const;
  void make_segment();
  void refuse_appends(EventLoss reason, Error error);

  Result<Part> part_at(LogPosition position) const;
  LogPosition oldest() const;
  uint64_t bytes_of_segments() const;
  void write_checkpoint();
  EventCheckpoint checkpoint() const;
  void close();

  const std::filesystem::path directory_;
  const EventLogOptions options_;
  const Clock& clock_;
  SegmentDisk own_disk_;
  SegmentDisk& disk_;
  StreamId stream_;
  FileDescriptor lock_;
  bool was_torn_ = false;

  // What append() touches. Taken inside of mutex_, never the other way.
  mutable BriefMutex append_mutex_;
  std::vector<std::unique_ptr<Segment>> segments_;  ///< From the oldest.
  std::unique_ptr<Segment> prepared_;               ///< The next, where it is ready.
  std::byte* write_at_ = nullptr;                   ///< In the last of segments_, as room_.
  size_t room_ = 0;
  SlotSeqs next_{};
  EventLosses lost_{};
  SlotSeqs lost_in_slots_{};
  bool is_asleep_ = false;  ///< The syncing thread has nothing to do.
  Time woken_at_;
  EventLoss refusal_reason_ = EventLoss::overloaded;
  std::shared_ptr<const Error> refusal_;  ///< Why prepared_ is missing; never null.
  std::atomic<uint64_t> written_{0};      ///< Written under append_mutex_.

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ = false;
  bool is_woken_ = false;
  bool sleeps_ = false;  ///< As is_asleep_, for who holds this mutex.
  std::vector<Waiting> waiting_;
  SlotSeqs synced_seqs_{};
  SlotSeqs acknowledged_{};
  SlotSeqs acknowledged_ever_{};
  LogPosition low_water_;
  uint64_t rewinds_ = 0;
  EventLogStats counts_;  ///< The lags and counts of syncs only.
  std::atomic<uint64_t> synced_{0};

  std::mutex checkpoint_mutex_;
  std::unique_ptr<CheckpointFile> checkpoint_file_;
  EventCheckpoint last_checkpoint_;

  // The syncing thread's own.
  std::vector<Unsynced> unsynced_;
  Time turn_began_;
  Time unsynced_since_;      ///< What is not synced was appended after this.
  bool has_failed_ = false;  ///< The last sync did.
  Time keeper_asked_at_;

  std::atomic<bool> needs_keeping_{false};
  std::atomic<bool> is_keeper_asked_{false};
  // The keeping thread's own.
  Time make_not_before_;
  uint64_t next_index_ = 0;
  std::unique_ptr<SerialThread> keeper_;
  std::thread syncer_;
};

/// Reads events in the order in which they were appended, each checked. On one thread at a time, which may be any.
class EventReader {
 public:
  /// The next events, at most so many and so many bytes of payload (but one event at least); none where the log ends at
  /// the moment. They point into the log's files and are there until the next call. Never spans segments.
  /// Errors: corrupt_data (names file and offset), failed_precondition (what comes next was deleted: it is acknowledged
  /// and old; go on from EventLogStats::oldest), io_error.
  Result<std::span<const Event>> next(size_t events_max, size_t bytes_max);
  /// After corrupt_data: goes on behind the segment that is damaged. False where that is the one that is written to, so
  /// that nothing lies behind it yet.
  bool skip_damaged_segment() noexcept;
  /// Of the event that comes next.
  LogPosition position() const noexcept { return position_; }

 private:
  friend class EventLog;
  EventReader(const EventLog& log, LogPosition from, ReadUpTo up_to) : log_(&log), position_(from), up_to_(up_to) {}

  Status enter_segment();

  const EventLog* log_;
  LogPosition position_;
  ReadUpTo up_to_;
  EventLog::Part part_;
  std::vector<Event> events_;
};

}  // namespace troupe::storage
