// The two threads of an EventLog: one syncs and calls back, the other makes, ends and deletes segments.

#include <algorithm>

#include "runtime/base/assert.hpp"
#include "storage/event_log.hpp"

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

/// How long the syncing thread sleeps if nothing is appended, and the longest that the keeping thread is not asked.
constexpr std::chrono::milliseconds chores_interval{1000};
/// After a segment could not be made.
constexpr std::chrono::milliseconds make_again_after{100};
/// Pages made writable ahead of the appends: what comes between two syncs at 250 MB/s.
constexpr size_t prefault_bytes = 1 << 20;
constexpr size_t low_water_batch = 1024;

bool is_covered(const SlotSeqs& seqs, const SlotSeqs& by) noexcept {
  return std::ranges::equal(seqs, by, std::less_equal{});
}

}  // namespace

void EventLog::sync_until_stopped() {
  while (wait_for_turn()) take_turn();
  take_turn();
}

/// False once the log is closed.
bool EventLog::wait_for_turn() {
  std::unique_lock lock(mutex_);
  if (sleeps_) {
    changed_.wait_for(lock, chores_interval, [this] { return is_woken_ || is_stopping_; });
  } else {
    const Duration left = options_.sync_interval - (clock_.now() - turn_began_);
    changed_.wait_for(lock, std::max(left, Duration{0}), [this] { return is_stopping_; });
  }
  sleeps_ = is_woken_ = false;
  return !is_stopping_;
}

void EventLog::take_turn() {
  turn_began_ = clock_.now();
  const LogPosition through = written_through();
  const Status synced = sync_written();
  prefault_ahead();
  call_back(through, synced);
  ask_keeper();
  const bool is_idle = fall_asleep();
  const std::lock_guard lock(mutex_);
  sleeps_ = is_idle && waiting_.empty();
}

Status EventLog::sync_written() {
  const Time taken = clock_.now();
  SlotSeqs seqs;
  const LogPosition through = gather_unsynced(seqs);
  if (unsynced_.empty()) return {};
  const Status synced = sync_gathered();
  unsynced_.clear();
  has_failed_ = !synced;
  const std::lock_guard lock(mutex_);
  if (!synced) {
    ++counts_.failed_syncs;
    return synced;
  }
  ++counts_.syncs;
  counts_.sync_lag = clock_.now() - unsynced_since_;
  counts_.sync_lag_max = std::max(counts_.sync_lag_max, counts_.sync_lag);
  unsynced_since_ = taken;
  synced_seqs_ = seqs;
  synced_.store(through.value, std::memory_order_release);
  return {};
}

/// What is written and not synced, to unsynced_; says where it ends, and `seqs` there.
LogPosition EventLog::gather_unsynced(SlotSeqs& seqs) {
  const LogPosition from = synced_through();
  const std::lock_guard lock(append_mutex_);
  const LogPosition to{written_.load(std::memory_order_relaxed)};
  seqs = next_;
  unsynced_since_ = std::max(unsynced_since_, woken_at_);
  for (const auto& segment : segments_) {
    const LogPosition base = segment->header.base;
    if (segment->end <= from || base >= to) continue;
    unsynced_.push_back({segment->mapping, base, std::max(from, base), std::min(to, segment->end)});
  }
  return to;
}

Status EventLog::sync_gathered() {
  for (const Unsynced& part : unsynced_) {
    const uint64_t header = part.from == part.base ? 0 : segment_header_bytes;
    const uint64_t from = header + (part.from.value - part.base.value);
    const uint64_t to = segment_header_bytes + (part.to.value - part.base.value);
    if (has_failed_) {
      // The system may have let go of pages that it could not write. Then what lies there is what was on disk before.
      const auto records = part.mapping->bytes().subspan(segment_header_bytes + (part.from.value - part.base.value));
      Event event;
      for (LogPosition at = part.from; at < part.to; at = event.end)
        if (read_record(records.subspan(at.value - part.from.value), at, stream_, event) != RecordState::whole)
          return fail(Errc::unavailable, "the event log in {} lost events in a sync that failed: start it anew",
                      directory_.string());
      TROUPE_CHECK(part.mapping->write_again(from, to));
    }
    TROUPE_CHECK(part.mapping->sync(from, to, disk_));
  }
  return {};
}

/// A synced page takes a fault to be written again: here rather than in append().
void EventLog::prefault_ahead() {
  std::shared_ptr<EventSegment> mapping;
  size_t at = 0;
  {
    const std::lock_guard lock(append_mutex_);
    if (segments_.empty() || segments_.back()->end.value != UINT64_MAX) return;
    mapping = segments_.back()->mapping;
    at = static_cast<size_t>(write_at_ - mapping->data());
  }
  mapping->prefault(at, prefault_bytes);
}

/// Those who waited for what is synced now, and where that failed, for anything up to `failed_through`.
void EventLog::call_back(LogPosition failed_through, const Status& outcome) {
  write_checkpoint();
  const LogPosition synced = synced_through();
  const LogPosition through = outcome ? synced : std::max(synced, failed_through);
  std::vector<Waiting> called;
  {
    const std::lock_guard lock(mutex_);
    const auto rest = std::ranges::stable_partition(waiting_, [&](const Waiting& w) { return w.position > through; });
    called.assign(std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
    waiting_.erase(rest.begin(), rest.end());
  }
  for (Waiting& waiting : called) waiting.done(waiting.position <= synced ? Status{} : outcome);
}

/// Whether nothing is to be done until something is appended, which then wakes this thread.
bool EventLog::fall_asleep() {
  const std::lock_guard lock(append_mutex_);
  is_asleep_ = prepared_ != nullptr && written_through() == synced_through();
  return is_asleep_;
}

void EventLog::ask_keeper() {
  {
    const std::lock_guard lock(append_mutex_);
    const bool is_due = prepared_ == nullptr || turn_began_ - keeper_asked_at_ >= chores_interval;
    if (!needs_keeping_.exchange(false) && !is_due) return;
  }
  if (is_keeper_asked_.exchange(true)) return;
  keeper_asked_at_ = turn_began_;
  const Status posted = keeper_->post(0, [this] {
    is_keeper_asked_ = false;
    keep(false);
  });
  if (!posted) is_keeper_asked_ = false;
}

void EventLog::keep(bool is_urgent) {
  end_segments();
  advance_low_water();
  bool needs_segment = false;
  {
    const std::lock_guard lock(append_mutex_);
    needs_segment = prepared_ == nullptr;
  }
  drop_segments(needs_segment ? options_.segment_bytes.value : 0);
  if (needs_segment && (is_urgent || clock_.now() >= make_not_before_)) make_segment();
  write_checkpoint();
}

/// Segments that are written to their end and synced give back the room behind it.
void EventLog::end_segments() {
  struct Ended {
    Segment* segment;
    std::shared_ptr<EventSegment> mapping;
    uint64_t bytes;
  };
  std::vector<Ended> ended;
  {
    const std::lock_guard lock(append_mutex_);
    for (const auto& segment : segments_) {
      if (segment->ended_unix_us != 0 || segment->end.value == UINT64_MAX) continue;
      const uint64_t used = segment_header_bytes + (segment->end.value - segment->header.base.value);
      if (segment->end <= synced_through())
        ended.push_back({segment.get(), segment->mapping, used});
      else
        needs_keeping_ = true;
    }
  }
  for (const Ended& end : ended) {
    const WallTime now = clock_.wall();
    // Where the disk refuses, the room stays taken.
    const bool is_cut = end.mapping->seal(end.bytes, now).has_value();
    const std::lock_guard lock(append_mutex_);
    if (is_cut) end.segment->bytes = end.bytes;
    end.segment->ended_unix_us = std::max<int64_t>(unix_microseconds(now), 1);
    end.segment->mapping.reset();
  }
}

void EventLog::advance_low_water() {
  SlotSeqs acknowledged;
  LogPosition from;
  uint64_t rewinds = 0;
  {
    const std::lock_guard lock(mutex_);
    acknowledged = acknowledged_;
    from = low_water_;
    rewinds = rewinds_;
    const std::lock_guard append_lock(append_mutex_);
    for (const auto& segment : segments_)
      if (segment->header.base > from && segment->header.base <= synced_through() &&
          is_covered(segment->header.first_seqs, acknowledged))
        from = segment->header.base;
  }
  const LogPosition reached = first_unacknowledged(from, acknowledged);
  const std::lock_guard lock(mutex_);
  if (rewinds == rewinds_) low_water_ = std::max(low_water_, reached);
}

/// Walks one segment at most: the next call goes on.
LogPosition EventLog::first_unacknowledged(LogPosition from, const SlotSeqs& acknowledged) const {
  EventReader reader = read_from(from);
  LogPosition reached = from;
  while (true) {
    const auto events = reader.next(low_water_batch, SIZE_MAX);
    if (!events || events->empty()) return reached;
    for (const Event& event : *events) {
      if (event.seq >= acknowledged[event.slot]) return reached;
      reached = event.end;
    }
  }
}

/// With both mutexes: those that may go, from the oldest. The newest that has a synced record stays in any case, since
/// it says where the numbers go on.
std::vector<EndedSegment> EventLog::ended_segments() const {
  std::vector<EndedSegment> ended;
  for (size_t i = 0; i + 1 < segments_.size(); ++i) {
    const Segment& segment = *segments_[i];
    const SegmentHeader& after = segments_[i + 1]->header;
    if (segment.ended_unix_us == 0 || synced_through() <= after.base) break;
    ended.push_back({segment.bytes, segment.ended_unix_us, is_covered(after.first_seqs, acknowledged_),
                     is_covered(after.first_seqs, acknowledged_ever_)});
  }
  return ended;
}

/// `room` is what is needed beside what is there.
void EventLog::drop_segments(uint64_t room) {
  const int64_t now = unix_microseconds(clock_.wall());
  std::vector<std::unique_ptr<Segment>> dropped;
  {
    const std::lock_guard lock(mutex_);
    const std::lock_guard append_lock(append_mutex_);
    uint64_t others = bytes_of_segments() + room;
    // Mostly nothing is to go, and appends must not wait for that to be found out in full.
    const bool is_oldest_old = !segments_.empty() && segments_.front()->ended_unix_us != 0 &&
                               std::chrono::microseconds{now - segments_.front()->ended_unix_us} >= options_.keep_max;
    if (others <= options_.bytes_max.value && !is_oldest_old) return;
    const std::vector<EndedSegment> ended = ended_segments();
    for (const EndedSegment& segment : ended) others -= segment.bytes;
    const uint64_t budget = options_.bytes_max.value - std::min(others, options_.bytes_max.value);
    const size_t count = segments_to_drop(ended, {options_.keep_max, budget}, now);
    if (count == 0) return;
    const auto kept = segments_.begin() + static_cast<ptrdiff_t>(count);
    dropped.assign(std::make_move_iterator(segments_.begin()), std::make_move_iterator(kept));
    segments_.erase(segments_.begin(), kept);
    const SegmentHeader& oldest = segments_.front()->header;
    for (size_t slot = 0; slot < event_slots; ++slot)
      acknowledged_[slot] = std::max(acknowledged_[slot], oldest.first_seqs[slot]);
    low_water_ = std::max(low_water_, oldest.base);
  }
  // From the oldest, so that none is missing between others if this is interrupted.
  std::error_code ignored;
  for (const auto& segment : dropped) fs::remove(segment->path, ignored);
}

void EventLog::make_segment() {
  uint64_t bytes = 0;
  {
    const std::lock_guard lock(append_mutex_);
    bytes = bytes_of_segments();
  }
  if (bytes + options_.segment_bytes.value > options_.bytes_max.value)
    return refuse_appends(EventLoss::log_full,
                          {Errc::resource_exhausted,
                           fmt::format("the event log in {} has its {} of events that no store has acknowledged",
                                       directory_.string(), format_bytes(options_.bytes_max)),
                           {},
                           chores_interval});
  auto segment = std::make_unique<Segment>();
  segment->path = directory_ / segment_file_name(next_index_);
  segment->header.stream = stream_;
  segment->header.index = next_index_;
  segment->bytes = options_.segment_bytes.value;
  auto mapping = EventSegment::create(segment->path, segment->bytes, disk_);
  if (!mapping) {
    const bool is_full = mapping.error().code == Errc::resource_exhausted;
    return refuse_appends(
        is_full ? EventLoss::disk_full : EventLoss::disk_failing,
        {is_full ? Errc::resource_exhausted : Errc::unavailable,
         fmt::format("the event log in {} takes no more: {}", directory_.string(), mapping.error().message),
         {},
         chores_interval});
  }
  segment->mapping = std::move(*mapping);
  segment->mapping->prefault(0, prefault_bytes);
  ++next_index_;
  auto not_ready = std::make_shared<const Error>(
      Error{Errc::overloaded,
            fmt::format("the next segment of the event log in {} is not ready", directory_.string()),
            {},
            make_again_after});
  const std::lock_guard lock(append_mutex_);
  segments_.reserve(segments_.size() + 1);
  prepared_ = std::move(segment);
  refusal_reason_ = EventLoss::overloaded;
  refusal_ = std::move(not_ready);
}

void EventLog::refuse_appends(EventLoss reason, Error error) {
  make_not_before_ = clock_.now() + make_again_after;
  auto refusal = std::make_shared<const Error>(std::move(error));
  const std::lock_guard lock(append_mutex_);
  refusal_reason_ = reason;
  refusal_ = std::move(refusal);
}

EventCheckpoint EventLog::checkpoint() const {
  const std::lock_guard lock(mutex_);
  const std::lock_guard append_lock(append_mutex_);
  return {stream_, synced_through(), low_water_, acknowledged_, acknowledged_ever_, lost_, lost_in_slots_};
}

/// What the disk refuses here is let go: the checkpoint then lags behind.
void EventLog::write_checkpoint() {
  const std::lock_guard lock(checkpoint_mutex_);
  const EventCheckpoint now = checkpoint();
  if (now != last_checkpoint_ && checkpoint_file_->write(now)) last_checkpoint_ = now;
}

/// Both threads have ended.
void EventLog::close() {
  std::error_code ignored;
  if (prepared_) fs::remove(prepared_->path, ignored);
  prepared_.reset();
  if (!segments_.empty() && segments_.back()->end.value == UINT64_MAX) segments_.back()->end = written_through();
  end_segments();
  write_checkpoint();
  static_cast<void>(checkpoint_file_->sync());
}

}  // namespace troupe::storage
