// What it costs to keep events: appends to an EventLog, reading them back and grouping them by slot, and the batches of
// an EventDatabase. Lies in a folder of its own, which it deletes; on the disk that events would lie on, if it is told.
//
//   troupe_bench_events [seconds per measurement, default 3] [folder, default that of temporary files]

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "storage/event_database.hpp"
#include "storage/event_log.hpp"
#include "test/bench/or_exit.hpp"

using namespace troupe;
using namespace troupe::storage;

namespace {

namespace fs = std::filesystem;

constexpr size_t event_size = 120;
constexpr size_t block_events = 100;
constexpr size_t batch_points = 1000;

const SystemClock the_clock;

double seconds_since(Time start) {
  return std::chrono::duration<double>(the_clock.now() - start).count();
}

class Folder {
 public:
  explicit Folder(const fs::path& root) {
    std::string pattern = (root / "troupe-events-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      fmt::print(stderr, "cannot make a folder in {}\n", root.string());
      std::exit(1);
    }
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path operator/(std::string_view name) const { return path_ / name; }

 private:
  fs::path path_;
};

struct Appends {
  uint64_t taken = 0;
  uint64_t refused = 0;
  std::vector<double> ns;  ///< Of samples, each the mean of a hundred appends that were all taken.
};

/// Appends until `until`; `rest` between two hundreds, 0 = flat out.
Appends append(EventLog& log, Time until, Duration rest) {
  const std::string event(event_size, 'e');
  Appends done;
  SeededRandom random{4};
  for (Time start = the_clock.now(); start < until;) {
    const uint64_t refused = done.refused;
    for (int i = 0; i < 100; ++i) {
      const bool is_taken = log.append(static_cast<uint8_t>(random.next() % event_slots), 0, event).has_value();
      ++(is_taken ? done.taken : done.refused);
    }
    const Time end = the_clock.now();
    if (done.refused == refused) done.ns.push_back(static_cast<double>((end - start).count()) / 100);
    start = end;
    while (rest > Duration{0} && start < end + rest && start < until) {
      std::this_thread::yield();
      start = the_clock.now();
    }
  }
  return done;
}

double percentile(std::vector<double>& values, double part) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[static_cast<size_t>(part * static_cast<double>(values.size() - 1))];
}

/// A store that acknowledges all that is synced, so that the log keeps its size.
void acknowledge_all(EventLog& log) {
  SlotSeqs seen{};
  EventReader reader = log.read_from(log.low_water());
  while (true) {
    const auto events = or_exit(reader.next(4096, 16 << 20));
    if (events.empty()) break;
    for (const Event& event : events) seen[event.slot] = event.seq + 1;
  }
  for (uint8_t slot = 0; slot < event_slots; ++slot)
    if (seen[slot] > 0) or_exit(log.acknowledge(slot, seen[slot] - 1));
}

void bench_appends(const Folder& folder, int threads, Duration rest, double seconds) {
  SeededRandom random{1};
  const auto log = or_exit(EventLog::open(folder / fmt::format("log-{}-{}", threads, rest.count()),
                                          {.bytes_max = 2_GiB}, the_clock, random));
  const Time start = the_clock.now();
  const Time until = start + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  std::vector<Appends> done(static_cast<size_t>(threads));
  std::vector<std::thread> appenders;
  for (Appends& mine : done) appenders.emplace_back([&] { mine = append(*log, until, rest); });
  for (std::thread& appender : appenders) appender.join();
  const double took = seconds_since(start);
  Appends all;
  for (Appends& one : done) {
    all.taken += one.taken;
    all.refused += one.refused;
    all.ns.insert(all.ns.end(), one.ns.begin(), one.ns.end());
  }
  const EventLogStats stats = log->stats();
  const auto ms = [](Duration d) { return std::chrono::duration<double, std::milli>(d).count(); };
  fmt::print("{:<34} {:>12.0f} /s {:>8.0f} ns p50 {:>8.0f} ns p99 {:>10} refused, sync lag {:.1f} ms, at most {:.1f}\n",
             fmt::format("append, {} thread{}{}", threads, threads > 1 ? "s" : "", rest.count() > 0 ? ", paced" : ""),
             static_cast<double>(all.taken) / took, percentile(all.ns, 0.5), percentile(all.ns, 0.99), all.refused,
             ms(stats.sync_lag), ms(stats.sync_lag_max));
}

/// As a shipper does: the events of each slot together, in one block each.
void bench_reading(const Folder& folder, double seconds) {
  SeededRandom random{1};
  const auto log = or_exit(EventLog::open(folder / "read", {.bytes_max = 2_GiB}, the_clock, random));
  const std::string event(event_size, 'e');
  for (int i = 0; i < 2'000'000; ++i)
    while (!log->append(static_cast<uint8_t>(random.next() % event_slots), i, event)) std::this_thread::yield();
  or_exit(log->sync());
  uint64_t read = 0;
  const Time start = the_clock.now();
  std::vector<std::string> blocks(event_slots);
  while (seconds_since(start) < seconds) {
    EventReader reader = log->read_from({});
    while (true) {
      const auto events = or_exit(reader.next(block_events * event_slots, 16 << 20));
      if (events.empty()) break;
      for (std::string& block : blocks) block.clear();
      for (const Event& found : events) blocks[found.slot] += found.bytes;
      read += events.size();
    }
  }
  fmt::print("{:<34} {:>12.0f} /s {:>8.0f} ns each\n", "read and group by slot",
             static_cast<double>(read) / seconds_since(start), seconds_since(start) * 1e9 / static_cast<double>(read));
  const Time acknowledged = the_clock.now();
  acknowledge_all(*log);
  or_exit(log->sync());
  fmt::print("{:<34} {:>12.0f} /s\n", "acknowledge and follow", 2e6 / seconds_since(acknowledged));
}

std::string big_endian(uint64_t number) {
  std::string bytes(8, '\0');
  for (size_t i = 8; i-- > 0; number >>= 8) bytes[i] = static_cast<char>(number & 0xff);
  return bytes;
}

/// A block of raw events and where its slot has come to, a batch each.
void bench_blocks(EventDatabase& database, Durability durability, double seconds) {
  SeededRandom random{2};
  std::string block;
  while (block.size() < block_events * event_size) block += fmt::format("{:016x},unit,variant,", random.next());
  uint64_t batches = 0;
  const Time start = the_clock.now();
  while (seconds_since(start) < seconds) {
    EventBatch batch;
    const auto slot = static_cast<char>(batches % event_slots);
    batch.put(std::string("r") + slot + big_endian(batches), block);
    batch.put(std::string("w") + slot, big_endian(batches));
    or_exit(database.write(batch, durability));
    // One sync for sixteen.
    if (durability == Durability::unsynced && batches % 16 == 15) or_exit(database.sync());
    ++batches;
  }
  const double rate = static_cast<double>(batches) / seconds_since(start);
  fmt::print("{:<34} {:>12.0f} batches/s {:>12.0f} events/s\n",
             durability == Durability::synced ? "blocks of 100 events, each synced" : "blocks of 100 events, 16 a sync",
             rate, rate * block_events);
}

/// Points of a table per unit: looked up together, changed and written back. `units` says how many are met again.
void bench_points(EventDatabase& database, uint64_t units, double seconds) {
  SeededRandom random{3};
  uint64_t batches = 0;
  uint64_t found = 0;
  std::vector<std::string> keys(batch_points);
  const Time start = the_clock.now();
  while (seconds_since(start) < seconds) {
    for (std::string& key : keys) key = "u" + big_endian(random.below(units)) + big_endian(units);
    const auto values = or_exit(database.get_many(keys));
    EventBatch batch;
    for (size_t i = 0; i < keys.size(); ++i) {
      found += values[i].has_value();
      std::string value = values[i].value_or(std::string(48, '\0'));
      ++value[0];
      batch.put(keys[i], value);
    }
    or_exit(database.write(batch, Durability::synced));
    ++batches;
  }
  const double took = seconds_since(start);
  fmt::print("{:<34} {:>12.1f} batches/s {:>12.0f} points/s {:>5.0f} % were there\n",
             fmt::format("1,000 points, of {} units", units), static_cast<double>(batches) / took,
             static_cast<double>(batches * batch_points) / took,
             100.0 * static_cast<double>(found) / static_cast<double>(batches * batch_points));
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 3;
  const Folder folder(argc > 2 ? fs::path(argv[2]) : fs::temp_directory_path());
  fmt::print("events of {} bytes, {} s each\n", event_size, seconds);
  for (const int threads : {1, 2}) bench_appends(folder, threads, Duration{0}, seconds);
  for (const int threads : {1, 2}) bench_appends(folder, threads, std::chrono::milliseconds{1}, seconds);
  bench_reading(folder, seconds);
  SeededRandom random{1};
  const auto database =
      or_exit(EventDatabase::open(folder / "database", {.block_cache = 256_MiB, .memtables = 256_MiB}, random));
  bench_blocks(*database, Durability::synced, seconds);
  bench_blocks(*database, Durability::unsynced, seconds);
  bench_points(*database, UINT64_MAX / 2, seconds);
  bench_points(*database, 1'000'000, seconds);
}
