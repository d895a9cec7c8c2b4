#pragma once
// An EventLog with everything that a test holds in its hand: its time, its disk and its small segments.

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "storage/event_log.hpp"
#include "temp_directory.hpp"

namespace troupe::test {

/// The machine's clock, set forward by the test.
class SteppedClock final : public Clock {
 public:
  Time now() const noexcept override { return real_.now(); }
  WallTime wall() const noexcept override { return real_.wall() + std::chrono::microseconds{ahead_us_.load()}; }
  void advance(std::chrono::microseconds by) { ahead_us_ += by.count(); }

 private:
  SystemClock real_;
  std::atomic<int64_t> ahead_us_{0};
};

/// A disk that refuses with an errno, or keeps whoever wants something of it waiting.
class MoodyDisk final : public storage::SegmentDisk {
 public:
  int allocate(int fd, uint64_t bytes) override {
    wait_until_fast();
    return allocate_error_ != 0 ? allocate_error_.load() : SegmentDisk::allocate(fd, bytes);
  }
  int sync(std::byte* from, size_t bytes) override {
    wait_until_fast();
    return sync_error_ != 0 ? sync_error_.load() : SegmentDisk::sync(from, bytes);
  }

  void refuse_segments(int code) { allocate_error_ = code; }
  void refuse_syncs(int code) { sync_error_ = code; }
  void set_slow(bool is_slow) {
    const std::lock_guard lock(mutex_);
    is_slow_ = is_slow;
    changed_.notify_all();
  }

 private:
  void wait_until_fast() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !is_slow_; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_slow_ = false;
  std::atomic<int> allocate_error_{0};
  std::atomic<int> sync_error_{0};
};

struct ReadEvent {
  uint8_t slot;
  uint64_t seq;
  int64_t time_unix_us;
  std::string bytes;

  bool operator==(const ReadEvent&) const = default;
};

/// Everything from `from` on.
inline Result<std::vector<ReadEvent>> read_all(const storage::EventLog& log, storage::LogPosition from,
                                               storage::ReadUpTo up_to = storage::ReadUpTo::written) {
  std::vector<ReadEvent> all;
  storage::EventReader reader = log.read_from(from, up_to);
  while (true) {
    TROUPE_TRY(const auto events, reader.next(100, 1 << 20));
    if (events.empty()) return all;
    for (const storage::Event& event : events)
      all.push_back({event.slot, event.seq, event.time_unix_us, std::string(event.bytes)});
  }
}

class EventLogFixture {
 public:
  TempDirectory directory;
  SteppedClock clock;
  MoodyDisk disk;
  SeededRandom random{1};
  storage::EventLogOptions options{.segment_bytes = 128_KiB, .bytes_max = 1_MiB};
  std::unique_ptr<storage::EventLog> log;

  EventLogFixture() { open(); }

  std::filesystem::path path() const { return directory.path() / "events"; }
  Result<std::unique_ptr<storage::EventLog>> try_open() {
    return storage::EventLog::open(path(), options, clock, random, &disk);
  }
  void open() {
    log.reset();
    log = try_open().value();
  }
  /// Appends events of slot 5 until `count` are taken or one is not; says why.
  Status fill(size_t count, size_t bytes = 1000) {
    for (size_t i = 0; i < count; ++i)
      if (auto appended = log->append(5, 0, std::string(bytes, 'x')); !appended)
        return fail(std::move(appended.error()));
    return {};
  }
  /// As fill(), and gives the log the time to make its segments.
  Status fill_slowly(size_t count, size_t bytes = 1000) {
    for (size_t i = 0; i < count; i += 50) {
      TROUPE_CHECK(fill(std::min<size_t>(50, count - i), bytes));
      TROUPE_CHECK(log->sync());
    }
    return {};
  }
  void acknowledge_all() {
    BOOST_REQUIRE(log->sync().has_value());
    const auto events = read_all(*log, log->stats().oldest).value();
    for (const ReadEvent& event : events) BOOST_REQUIRE(log->acknowledge(event.slot, event.seq).has_value());
    BOOST_REQUIRE(log->sync().has_value());
  }
};

}  // namespace troupe::test
