#include "storage/event_log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <future>

#include "runtime/base/assert.hpp"

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

constexpr ByteCount segment_bytes_min = 128_KiB;
constexpr uint64_t segment_bytes_step = 4096;
constexpr uint64_t segments_min = 4;
constexpr size_t keeper_queue_max = 1024;
constexpr std::chrono::milliseconds come_back{100};

Status check(const EventLogOptions& options) {
  if (options.segment_bytes < segment_bytes_min || options.segment_bytes.value % segment_bytes_step != 0)
    return fail(Errc::invalid_argument, "segments of an event log have at least {} and a multiple of {} bytes, not {}",
                format_bytes(segment_bytes_min), segment_bytes_step, options.segment_bytes.value);
  if (options.bytes_max.value / segments_min < options.segment_bytes.value)
    return fail(Errc::invalid_argument, "an event log has room for at least {} segments of {}; {} is less",
                segments_min, format_bytes(options.segment_bytes), format_bytes(options.bytes_max));
  return {};
}

std::shared_ptr<const Error> not_ready(const fs::path& directory) {
  return std::make_shared<const Error>(
      Error{Errc::overloaded,
            fmt::format("the next segment of the event log in {} is not ready", directory.string()),
            {},
            come_back});
}

}  // namespace

EventLog::EventLog(fs::path directory, const EventLogOptions& options, const Clock& clock, SegmentDisk* disk)
    : directory_(std::move(directory)),
      options_(options),
      clock_(clock),
      disk_(disk == nullptr ? own_disk_ : *disk),
      refusal_(not_ready(directory_)) {}

EventLog::~EventLog() {
  if (!syncer_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  syncer_.join();
  keeper_.reset();
  close();
}

Result<std::unique_ptr<EventLog>> EventLog::open(const fs::path& directory, const EventLogOptions& options,
                                                 const Clock& clock, Random& random, SegmentDisk* disk) {
  TROUPE_CHECK(check(options));
  std::unique_ptr<EventLog> log(new EventLog(directory, options, clock, disk));
  TROUPE_CHECK(log->begin(random));
  return log;
}

Status EventLog::begin(Random& random) {
  TROUPE_CHECK(make_directory(directory_));
  TROUPE_CHECK(take_lock());
  std::optional<EventCheckpoint> kept;
  TROUPE_TRY(CheckpointFile file, CheckpointFile::open(directory_, kept));
  checkpoint_file_ = std::make_unique<CheckpointFile>(std::move(file));
  if (kept)
    stream_ = kept->stream;
  else
    TROUPE_CHECK(mint(random));
  const EventCheckpoint checkpoint = kept.value_or(EventCheckpoint{.stream = stream_});
  TROUPE_TRY(FoundEvents found, find_events(directory_, checkpoint, clock_.wall()));
  take_up(std::move(found), checkpoint);
  keep(true);
  unsynced_since_ = turn_began_ = keeper_asked_at_ = clock_.now();
  keeper_ = std::make_unique<SerialThread>(keeper_queue_max, 1_MiB);
  syncer_ = std::thread([this] { sync_until_stopped(); });
  return {};
}

Status EventLog::take_lock() {
  const fs::path path = directory_ / "lock";
  lock_ = FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_) return write_failure("open", path, errno);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::unavailable, "the event log in {} is in use by another troupe", directory_.string());
  return {};
}

Status EventLog::mint(Random& random) {
  if (has_segments(directory_))
    return fail(Errc::corrupt_data,
                "the event log in {0} has lost its file {1}. Move {0} away to begin anew; events that no store has "
                "acknowledged are lost then",
                directory_.string(), (directory_ / "checkpoint").string());
  stream_.high = random.next();
  stream_.low = random.next();
  // Both copies, so that later ones find their room taken.
  for (int copy = 0; copy < 2; ++copy) TROUPE_CHECK(checkpoint_file_->write({.stream = stream_}));
  TROUPE_CHECK(checkpoint_file_->sync());
  return sync_directory(directory_);
}

void EventLog::take_up(FoundEvents found, const EventCheckpoint& checkpoint) {
  for (FoundSegment& segment : found.segments) {
    next_index_ = segment.header.index + 1;
    segments_.push_back(
        std::make_unique<Segment>(Segment{std::move(segment.path), segment.header, segment.end, segment.file_bytes,
                                          std::max<int64_t>(segment.sealed_unix_us, 1), nullptr}));
  }
  next_ = synced_seqs_ = found.next;
  written_ = synced_ = found.end.value;
  was_torn_ = found.is_torn;
  lost_ = checkpoint.lost;
  lost_in_slots_ = checkpoint.lost_in_slots;
  // A checkpoint that lags behind knows less than the segments: those that are gone were acknowledged.
  const SlotSeqs first = segments_.empty() ? SlotSeqs{} : segments_.front()->header.first_seqs;
  for (size_t slot = 0; slot < event_slots; ++slot) {
    acknowledged_[slot] = std::clamp(checkpoint.acknowledged[slot], first[slot], next_[slot]);
    acknowledged_ever_[slot] = std::clamp(checkpoint.acknowledged_ever[slot], first[slot], next_[slot]);
  }
  low_water_ = std::clamp(checkpoint.low_water, oldest(), found.end);
}

Result<Appended> EventLog::append(uint8_t slot, int64_t time_unix_us, std::string_view bytes, IfRefused if_refused) {
  TROUPE_ASSERT(slot < event_slots);
  if (bytes.size() > event_bytes_max.value) {
    const std::lock_guard lock(append_mutex_);
    count_refused(slot, EventLoss::too_large, if_refused);
    return fail(Errc::too_large, "an event has {} bytes; at most {} are taken", bytes.size(), event_bytes_max.value);
  }
  const uint64_t payload_hash = hash_payload(bytes);
  const size_t size = record_bytes(bytes.size());
  std::unique_lock lock(append_mutex_);
  if (size > room_ && !begin_next_segment()) {
    count_refused(slot, refusal_reason_, if_refused);
    const std::shared_ptr<const Error> refusal = refusal_;
    lock.unlock();
    return fail(Error(*refusal));
  }
  const LogPosition at{written_.load(std::memory_order_relaxed)};
  const Appended appended{next_[slot]++, {at.value + size}};
  write_record({slot, appended.seq, time_unix_us, bytes, {}}, payload_hash, at, stream_, write_at_);
  write_at_ += size;
  room_ -= size;
  written_.store(appended.end.value, std::memory_order_release);
  if (!is_asleep_) return appended;
  is_asleep_ = false;
  woken_at_ = clock_.now();
  lock.unlock();
  wake();
  return appended;
}

/// With append_mutex_. False where no segment is ready.
bool EventLog::begin_next_segment() noexcept {
  if (!prepared_) return false;
  const LogPosition base{written_.load(std::memory_order_relaxed)};
  if (!segments_.empty()) segments_.back()->end = base;
  prepared_->header.base = base;
  prepared_->header.first_seqs = next_;
  write_segment_header(prepared_->header, prepared_->mapping->data());
  write_at_ = prepared_->mapping->data() + segment_header_bytes;
  room_ = prepared_->bytes - segment_header_bytes;
  segments_.push_back(std::move(prepared_));
  needs_keeping_ = true;
  return true;
}

/// With append_mutex_.
void EventLog::count_refused(uint8_t slot, EventLoss reason, IfRefused if_refused) noexcept {
  if (if_refused == IfRefused::told) return;
  ++lost_[static_cast<size_t>(reason)];
  ++lost_in_slots_[slot];
}

void EventLog::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_one();
}

EventLosses EventLog::lost() const {
  const std::lock_guard lock(append_mutex_);
  return lost_;
}

SlotSeqs EventLog::lost_in_slots() const {
  const std::lock_guard lock(append_mutex_);
  return lost_in_slots_;
}

Status EventLog::when_synced(LogPosition position, std::function<void(Status)> done) {
  if (position > written_through())
    return fail(Errc::invalid_argument, "position {} is not written; the event log in {} ends at {}", position.value,
                directory_.string(), written_through().value);
  bool wakes = false;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= options_.waiting_max)
      return fail(Error{Errc::overloaded,
                        fmt::format("{} wait for a sync of the event log in {}, as many as may", waiting_.size(),
                                    directory_.string()),
                        {},
                        come_back});
    waiting_.push_back({position, std::move(done)});
    wakes = sleeps_ && !is_woken_;
    is_woken_ |= sleeps_;
  }
  if (wakes) changed_.notify_one();
  return {};
}

Status EventLog::sync() {
  std::promise<Status> synced;
  TROUPE_CHECK(when_synced(written_through(), [&](Status status) { synced.set_value(std::move(status)); }));
  Status outcome = synced.get_future().get();
  std::promise<void> kept;
  TROUPE_CHECK(keeper_->post(0, [&] {
    keep(true);
    kept.set_value();
  }));
  kept.get_future().wait();
  return outcome;
}

Status EventLog::acknowledge(uint8_t slot, uint64_t seq) {
  TROUPE_ASSERT(slot < event_slots);
  const std::lock_guard lock(mutex_);
  if (seq >= synced_seqs_[slot])
    return fail(Errc::invalid_argument,
                "event {} of slot {} can't be acknowledged: the event log in {} is synced up to {} events of it", seq,
                slot, directory_.string(), synced_seqs_[slot]);
  acknowledged_[slot] = std::max(acknowledged_[slot], seq + 1);
  acknowledged_ever_[slot] = std::max(acknowledged_ever_[slot], acknowledged_[slot]);
  needs_keeping_ = true;
  return {};
}

uint64_t EventLog::acknowledged_through(uint8_t slot) const {
  TROUPE_ASSERT(slot < event_slots);
  const std::lock_guard lock(mutex_);
  return acknowledged_[slot];
}

LogPosition EventLog::low_water() const {
  const std::lock_guard lock(mutex_);
  return low_water_;
}

LogPosition EventLog::rewind(SlotSet slots) {
  const std::lock_guard lock(mutex_);
  const std::lock_guard append_lock(append_mutex_);
  if (segments_.empty()) return synced_through();
  const SegmentHeader& oldest = segments_.front()->header;
  for (size_t slot = 0; slot < event_slots; ++slot)
    if ((slots >> slot & 1) != 0) acknowledged_[slot] = std::min(acknowledged_[slot], oldest.first_seqs[slot]);
  low_water_ = oldest.base;
  ++rewinds_;
  needs_keeping_ = true;
  return oldest.base;
}

EventReader EventLog::read_from(LogPosition from, ReadUpTo up_to) const {
  return {*this, from, up_to};
}

EventLogStats EventLog::stats() const {
  const std::lock_guard lock(mutex_);
  EventLogStats stats = counts_;
  stats.low_water = low_water_;
  stats.synced = synced_through();
  stats.was_torn = was_torn_;
  const std::lock_guard append_lock(append_mutex_);
  stats.written = written_through();
  stats.oldest = segments_.empty() ? stats.written : segments_.front()->header.base;
  stats.segments = segments_.size() + (prepared_ ? 1 : 0);
  stats.disk_bytes = bytes_of_segments();
  return stats;
}

LogPosition EventLog::oldest() const {
  const std::lock_guard lock(append_mutex_);
  return segments_.empty() ? written_through() : segments_.front()->header.base;
}

/// With append_mutex_.
uint64_t EventLog::bytes_of_segments() const {
  uint64_t bytes = prepared_ ? prepared_->bytes : 0;
  for (const auto& segment : segments_) bytes += segment->bytes;
  return bytes;
}

}  // namespace troupe::storage
