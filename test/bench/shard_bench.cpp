// How many events a second a shard takes: blocks decoded, units and rows changed, all written and synced. One thread.
// And how much of the disk that takes: the last run has a row of its own for nearly each unit and metric.
//
//   troupe_bench_shard [directory, a temporary one] [events, 1000000]

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "actors/experiment/events/event_codec.hpp"
#include "actors/experiment/shard/shard_reader.hpp"
#include "actors/experiment/shard/shard_store.hpp"
#include "runtime/base/random.hpp"
#include "test/bench/experiment_events.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

using Clock = std::chrono::steady_clock;

/// An exposure, an attempt and an outcome of each unit, `units` of them again and again.
std::vector<protocol::EventBlock> blocks_of(size_t events, size_t units, size_t in_block) {
  SeededRandom random(1);
  struct Open {
    uint64_t next = 0;
    size_t held = 0;
    std::string bytes;
  };
  std::array<Open, event_slots> open;
  std::vector<protocol::EventBlock> blocks;
  for (size_t i = 0; i < events; ++i) {
    const protocol::Event event = event_of(i, i / 3 % units, random);
    const uint32_t slot = event_slot(event.unit);
    Open& to = open[slot];
    append_to_block(to.bytes, encode(event));
    if (++to.held < in_block) continue;
    blocks.push_back({1, 1, slot, 0, to.next, Bytes::own(std::exchange(to.bytes, {}))});
    to.next += std::exchange(to.held, 0);
  }
  return blocks;
}

constexpr int64_t minute_us = 60'000'000;

/// Of a closed database: all but its log of writes.
double table_bytes(const std::filesystem::path& directory) {
  uintmax_t sum = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    if (entry.path().extension() == ".sst") sum += entry.file_size();
  return static_cast<double>(sum);
}

void run(const std::filesystem::path& directory, size_t events, size_t units, size_t in_block,
         int64_t bucket_us = minute_us) {
  const auto blocks = blocks_of(events, units, in_block);
  std::filesystem::remove_all(directory);
  SeededRandom random(2);
  const auto database = storage::EventDatabase::open(directory, {}, random).value();
  const auto shard = ShardStore::open(*database).value();
  Rules asked = rules();
  asked.bucket_us = bucket_us;
  if (!shard->set_rules({asked}, 1)) fmt::print("the rules were refused\n");
  const auto begin = Clock::now();
  size_t unsynced = 0;
  for (const protocol::EventBlock& block : blocks) {
    if (!shard->take(block, WallTime{})) fmt::print("a block was refused\n");
    if (++unsynced < 16) continue;
    unsynced = 0;
    if (!shard->sync()) fmt::print("a sync failed\n");
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const auto taken = static_cast<double>(shard->counts().events);
  fmt::print("{:>9} events of {:>8} units, {:>5} a block: {:>9.0f} /s, {:>6.2f} us each; ", taken, units, in_block,
             taken / seconds, 1e6 * seconds / taken);
  const ShardReader reader(*database);
  const auto bytes_in = [](const Result<ByteCount>& bytes) { return bytes ? static_cast<double>(bytes->value) : 0; };
  fmt::print("{:.0f} bytes a raw event, {:.0f} a unit with its share of rows\n",
             bytes_in(reader.raw_bytes()) / static_cast<double>(events),
             bytes_in(reader.bytes_of(1)) / static_cast<double>(units));
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path directory =
      argc > 1 ? std::filesystem::path(argv[1]) : std::filesystem::temp_directory_path() / "troupe-bench-shard";
  const size_t events = argc > 2 ? static_cast<size_t>(std::atoll(argv[2])) : 1'000'000;
  run(directory, events, events / 3, 100);
  run(directory, events, 10'000, 1000);
  run(directory, events, events / 3, 1000);
  const double without_rows = table_bytes(directory);
  // Units come 15 us apart: each has a bucket to itself, and a row of each metric.
  run(directory, events, events / 3, 1000, 15);
  fmt::print("{:.0f} bytes a row\n", (table_bytes(directory) - without_rows) / static_cast<double>(events / 3 * 4));
  std::filesystem::remove_all(directory);
}
