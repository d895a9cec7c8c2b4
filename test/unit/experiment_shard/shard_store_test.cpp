#include "actors/experiment/shard/shard_store.hpp"
#include "actors/experiment/shard/shard_keys.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "actors/experiment/events/event_codec.hpp"
#include "actors/experiment/shard/shard_reader.hpp"
#include "runtime/base/random.hpp"
#include "test/unit/storage/temp_directory.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

constexpr int64_t second = 1'000'000;
constexpr Fixed one = Fixed{1} << fixed_bits;

Rules rules() {
  Rules made;
  made.experiment = 7;
  made.window_us = 1000 * second;
  made.bucket_us = 60 * second;
  made.measures = {
      {"conversion"}, {"requests", AttemptMeasure::requests}, {"latency_ms", AttemptMeasure::latency_ms, true}};
  made.metrics.resize(3);
  made.metrics[0] = {"converted", MetricKind::conversion, 0};
  made.metrics[1] = {"requests", MetricKind::count, 1};
  made.metrics[2] = {"latency", MetricKind::quantile, 2};
  made.segmentations = {{"header.x-plan", {"free", "pro"}}};
  return made;
}

constexpr WallTime now{std::chrono::hours{24}};

/// A gateway's log: events of any slot, each with the next number of its slot.
class Log {
 public:
  explicit Log(uint64_t id) : id_(id) {}

  void add(const protocol::Event& event) { slots_[event_slot(event.unit)].push_back(encode(event)); }
  uint64_t size(uint32_t slot) { return slots_[slot].size(); }
  /// Events [first, end) of the slot.
  protocol::EventBlock block(uint32_t slot, uint64_t first, uint64_t end) {
    std::string bytes;
    for (uint64_t seq = first; seq < end; ++seq) append_to_block(bytes, slots_[slot][seq]);
    return {id_, 1, slot, 0, first, Bytes::own(bytes)};
  }

 private:
  uint64_t id_;
  std::map<uint32_t, std::vector<std::string>> slots_;
};

/// Random events of some units, a few of them seen in both arms.
Log a_log(uint64_t id, Random& random, size_t events) {
  Log log(id);
  for (size_t i = 0; i < events; ++i) {
    const uint64_t unit = random.below(200);
    protocol::Event event{
        static_cast<int64_t>(random.below(500)) * second, protocol::UnitKind::user, "unit-" + std::to_string(unit), {}};
    const protocol::ArmOf place{7, 1, static_cast<uint32_t>(unit % 20 == 0 ? random.below(2) : unit % 2)};
    if (i % 3 == 0) event.what = protocol::Exposure{place, static_cast<uint32_t>(1 + random.below(3))};
    if (i % 3 == 1)
      event.what = protocol::Attempt{place, 0, 1000 + static_cast<int64_t>(random.below(50'000)), 0, 1, 1};
    if (i % 3 == 2) event.what = protocol::Outcome{id, i, "conversion", one};
    log.add(event);
  }
  return log;
}

struct Store {
  explicit Store(uint64_t seed = 1) : random(seed) { reopen(); }
  void reopen() {
    shard.reset();
    database.reset();
    database = storage::EventDatabase::open(directory.path() / "events", {}, random).value();
    shard = ShardStore::open(*database).value();
    BOOST_TEST_REQUIRE(shard->set_rules({rules()}, 7).has_value());
  }

  test::TempDirectory directory;
  SeededRandom random;
  std::unique_ptr<storage::EventDatabase> database;
  std::unique_ptr<ShardStore> shard;
};

/// Sends the log's events from where the store is, in blocks of a random size; some are sent twice.
void ship(Log& log, ShardStore& shard, uint32_t slot, Random& random, uint64_t end) {
  uint64_t next = shard.take(log.block(slot, 0, 0), now).value().next_seq;
  while (next < end) {
    const uint64_t first = random.below(4) == 0 ? random.below(next + 1) : next;
    next = std::max(
        next, shard.take(log.block(slot, first, std::min(first + 1 + random.below(30), end)), now).value().next_seq);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shard_store)

BOOST_AUTO_TEST_CASE(a_block_counts_once_and_a_gap_is_told) {
  Store store;
  Log log(1);
  for (int i = 0; i < 10; ++i) log.add({0, protocol::UnitKind::user, "anna", protocol::Exposure{{7, 1, 0}}});
  const uint32_t slot = event_slot("anna");

  BOOST_TEST(store.shard->take(log.block(slot, 0, 4), now).value().next_seq == 4u);
  BOOST_TEST(store.shard->take(log.block(slot, 6, 10), now).value().next_seq == 4u, "5 and 6 are missing");
  BOOST_TEST(store.shard->take(log.block(slot, 2, 10), now).value().next_seq == 10u);
  BOOST_TEST(store.shard->take(log.block(slot, 0, 10), now).value().next_seq == 10u);

  BOOST_TEST(store.shard->counts().events == 10u);
  const Row* const row = store.shard->aggregates().find({7, 1, 0, 0, 0});
  BOOST_TEST_REQUIRE(row != nullptr);
  BOOST_TEST(row->sums.units == 1);
}

BOOST_AUTO_TEST_CASE(nothing_is_taken_before_it_is_known_what_is_counted) {
  Store store;
  store.shard = ShardStore::open(*store.database).value();
  Log log(1);
  log.add({0, protocol::UnitKind::user, "anna", protocol::Exposure{{7, 1, 0}}});
  const auto take = [&] { return store.shard->take(log.block(event_slot("anna"), 0, 1), now); };

  BOOST_TEST((take().error().code == Errc::unavailable));
  BOOST_TEST_REQUIRE(store.shard->set_rules({}, 6).has_value());
  BOOST_TEST(take().error().message == "experiment 7 is not known here yet");
  BOOST_TEST_REQUIRE(store.shard->set_rules({rules()}, 7).has_value());
  BOOST_TEST(take().value().next_seq == 1u);
  BOOST_TEST(store.shard->counts().events == 1u);
}

BOOST_AUTO_TEST_CASE(events_of_an_experiment_that_is_no_more_are_kept_and_not_counted) {
  Store store;
  BOOST_TEST_REQUIRE(store.shard->set_rules({}, 7).has_value());
  Log log(1);
  log.add({0, protocol::UnitKind::user, "anna", protocol::Exposure{{7, 1, 0}}});

  BOOST_TEST(store.shard->take(log.block(event_slot("anna"), 0, 1), now).value().next_seq == 1u);
  BOOST_TEST(store.shard->counts().foreign == 1u);
}

BOOST_AUTO_TEST_CASE(what_a_log_no_longer_keeps_or_could_not_take_does_not_come_and_that_is_remembered) {
  Store store;
  Log log(1);
  for (int i = 0; i < 10; ++i) log.add({0, protocol::UnitKind::user, "anna", protocol::Exposure{{7, 1, 0}}});
  auto block = log.block(event_slot("anna"), 6, 10);
  block.oldest_seq = 6;
  block.lost = 2;

  BOOST_TEST(store.shard->take(block, now).value().next_seq == 10u);
  BOOST_TEST((store.shard->delivery(7) == DeliveryCounts{12, 4}));
  auto nothing_new = log.block(event_slot("anna"), 10, 10);
  nothing_new.lost = 5;
  BOOST_TEST(store.shard->take(nothing_new, now).value().next_seq == 10u);
  BOOST_TEST((store.shard->delivery(7) == DeliveryCounts{15, 4}));
  // A log that was opened again after a crash may know of less.
  nothing_new.lost = 1;
  BOOST_TEST(store.shard->take(nothing_new, now).value().next_seq == 10u);

  store.reopen();

  BOOST_TEST((store.shard->delivery(7) == DeliveryCounts{15, 4}));
}

BOOST_AUTO_TEST_CASE(what_was_lost_before_an_experiment_is_nothing_to_it) {
  Store store;
  Log log(1);
  for (int i = 0; i < 10; ++i) log.add({0, protocol::UnitKind::user, "anna", protocol::Exposure{{7, 1, 0}}});
  auto block = log.block(event_slot("anna"), 0, 5);
  block.lost = 3;
  BOOST_TEST(store.shard->take(block, now).has_value());
  Rules later = rules();
  later.experiment = 8;
  BOOST_TEST_REQUIRE(store.shard->set_rules({rules(), later}, 8).has_value());
  block = log.block(event_slot("anna"), 5, 10);
  block.lost = 4;
  BOOST_TEST(store.shard->take(block, now).has_value());

  BOOST_TEST((store.shard->delivery(7) == DeliveryCounts{14, 10}));
  BOOST_TEST((store.shard->delivery(8) == DeliveryCounts{6, 5}));
  BOOST_TEST((store.shard->delivery(9) == DeliveryCounts{}), "nobody counts it");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_events_are_refused_or_counted) {
  Store store;
  std::string garbage;
  append_to_block(garbage, "no event");
  const auto block = [](std::string bytes, uint32_t slot = 0) {
    return protocol::EventBlock{1, 1, slot, 0, 0, Bytes::own(std::move(bytes))};
  };

  BOOST_TEST(store.shard->take(block("abc"), now).error().message == "a block of events ends within a length");
  BOOST_TEST(store.shard->take(block(garbage, 64), now).error().message == "there are 64 slots, and none 64");
  BOOST_TEST(store.shard->take(block(garbage), now).value().next_seq == 1u);
  BOOST_TEST((store.shard->delivery(7) == DeliveryCounts{1, 0}));
}

BOOST_AUTO_TEST_CASE(what_was_taken_is_there_after_it_is_opened_again_and_a_recount_gives_the_same_bits) {
  SeededRandom random(3);
  Store store;
  Log first = a_log(1, random, 3000);
  Log second = a_log(2, random, 3000);
  for (uint32_t slot = 0; slot < event_slots; ++slot) {
    ship(first, *store.shard, slot, random, first.size(slot) / 2);
    ship(second, *store.shard, slot, random, second.size(slot));
    ship(first, *store.shard, slot, random, first.size(slot));
  }
  const Aggregates before = store.shard->aggregates();

  store.reopen();

  BOOST_TEST(!before.rows().empty());
  BOOST_TEST((store.shard->aggregates() == before));
  const ShardReader reader(*store.database);
  for (uint32_t slot = 0; slot < event_slots; ++slot) {
    const SlotRecount recount = reader.recount(rules(), slot).value();
    BOOST_TEST((recount.counted == recount.kept));
    BOOST_TEST((recount.kept == store.shard->rows_of(slot).value()));
  }
}

BOOST_AUTO_TEST_CASE(a_store_that_lost_its_disk_is_another_and_comes_to_the_same) {
  SeededRandom random(4);
  Log log = a_log(1, random, 4000);
  Store store;
  Store wiped(2);
  for (uint32_t slot = 0; slot < event_slots; ++slot) {
    ship(log, *store.shard, slot, random, log.size(slot));
    ship(log, *wiped.shard, slot, random, log.size(slot));
  }

  BOOST_TEST((store.database->id() != wiped.database->id()));
  BOOST_TEST((store.shard->aggregates() == wiped.shard->aggregates()));
}

BOOST_AUTO_TEST_CASE(a_slot_that_moves_in_the_middle_of_a_stream_counts_everything_once) {
  SeededRandom random(5);
  Log log = a_log(1, random, 4000);
  Store whole;
  Store from(2);
  Store to(3);
  for (uint32_t slot = 0; slot < event_slots; ++slot) {
    ship(log, *whole.shard, slot, random, log.size(slot));
    ship(log, *from.shard, slot, random, log.size(slot) / 2);
    if (slot % 2 == 0) {
      ship(log, *from.shard, slot, random, log.size(slot));
      continue;
    }
    std::vector<std::pair<std::string, std::string>> entries;
    BOOST_TEST_REQUIRE(from.shard
                           ->export_slot(slot,
                                         [&](std::string_view key, std::string_view value) -> Status {
                                           entries.emplace_back(key, value);
                                           return {};
                                         })
                           .has_value());
    BOOST_TEST_REQUIRE(to.shard->import(entries).has_value());
    BOOST_TEST_REQUIRE(to.shard->finish_import(slot).has_value());
    BOOST_TEST_REQUIRE(from.shard->drop_slot(slot).has_value());
    ship(log, *to.shard, slot, random, log.size(slot));
  }

  Aggregates both = from.shard->aggregates();
  both.merge(to.shard->aggregates());
  BOOST_TEST((both == whole.shard->aggregates()));
}

BOOST_AUTO_TEST_CASE(a_removed_experiment_leaves_nothing_but_the_raw_events) {
  SeededRandom random(6);
  Log log = a_log(1, random, 500);
  Store store;
  for (uint32_t slot = 0; slot < event_slots; ++slot) ship(log, *store.shard, slot, random, log.size(slot));

  BOOST_TEST_REQUIRE(store.shard->remove_experiment(7).has_value());
  store.reopen();

  BOOST_TEST(store.shard->aggregates().rows().empty());
  size_t units = 0;
  const auto count = [&](std::string_view key, std::string_view) -> Status {
    units += key[1] == static_cast<char>(KeyKind::unit);
    return {};
  };
  for (uint32_t slot = 0; slot < event_slots; ++slot)
    BOOST_TEST_REQUIRE(store.shard->export_slot(slot, count).has_value());
  BOOST_TEST(units == 0u);
}

BOOST_AUTO_TEST_CASE(a_recount_counts_what_was_counted_and_tells_what_differs) {
  SeededRandom random(7);
  Log log = a_log(1, random, 3000);
  Store store;
  BOOST_TEST_REQUIRE(store.shard->set_rules({}, 7).has_value());
  for (uint32_t slot = 0; slot < event_slots; ++slot) ship(log, *store.shard, slot, random, log.size(slot) / 3);
  BOOST_TEST_REQUIRE(store.shard->set_rules({rules()}, 7).has_value());
  for (uint32_t slot = 0; slot < event_slots; ++slot) ship(log, *store.shard, slot, random, log.size(slot) / 2);
  BOOST_TEST_REQUIRE(store.shard->set_rules({}, 7).has_value());
  for (uint32_t slot = 0; slot < event_slots; ++slot) ship(log, *store.shard, slot, random, log.size(slot));

  const ShardReader reader(*store.database);
  size_t differing = 0;
  for (uint32_t slot = 0; slot < event_slots; ++slot) {
    const SlotRecount recount = reader.recount(rules(), slot).value();
    BOOST_TEST((recount.counted == recount.kept));
    Rules others = rules();
    others.window_us = 1;
    const SlotRecount otherwise = reader.recount(others, slot).value();
    differing += otherwise.counted != otherwise.kept;
  }
  BOOST_TEST(!store.shard->aggregates().rows().empty());
  BOOST_TEST(differing > 0u);
}

BOOST_AUTO_TEST_CASE(raw_events_come_page_by_page_each_once) {
  SeededRandom random(8);
  Log log = a_log(1, random, 2000);
  protocol::Event other{0, protocol::UnitKind::user, "unit-1", protocol::Outcome{9, 9, "no metric's", one}};
  for (int i = 0; i < 50; ++i) log.add(other);
  other.kind = protocol::UnitKind::session;
  other.what = protocol::Outcome{9, 9, "conversion", one};
  for (int i = 0; i < 50; ++i) log.add(other);
  Store store;
  for (uint32_t slot = 0; slot < event_slots; ++slot) ship(log, *store.shard, slot, random, log.size(slot));
  const ShardReader reader(*store.database);
  const auto read_all = [&](size_t limit) {
    std::vector<protocol::Event> all;
    std::optional<EventCursor> cursor = EventCursor{};
    while (cursor) {
      EventPage page = reader.events(rules(), *cursor, limit).value();
      BOOST_TEST(page.events.size() <= limit);
      for (EventPage::Entry& entry : page.events) {
        BOOST_TEST(entry.slot == event_slot(entry.event.unit));
        all.push_back(std::move(entry.event));
      }
      cursor = page.next;
    }
    return all;
  };

  const auto all = read_all(100'000);
  BOOST_TEST(all.size() == 2000u);
  BOOST_TEST((read_all(7) == all));
  BOOST_TEST((event_cursor_from("3.17.4").value() == EventCursor{3, 17, 4}));
  BOOST_TEST(EventCursor({3, 17, 4}).str() == "3.17.4");
  for (const char* const wrong : {"", "3", "3.1", "3.1.", "3.1.4x", "64.0.0", "-1.0.0", "3..4", "3.1.4.5"})
    BOOST_TEST(!event_cursor_from(wrong).has_value(), wrong);
}

BOOST_AUTO_TEST_CASE(old_blocks_go_in_slices_and_what_they_came_to_stays) {
  Store store;
  Log log(1);
  for (int i = 0; i < 10; ++i) log.add({0, protocol::UnitKind::user, "anna", protocol::Exposure{{7, 1, 0}}});
  const uint32_t slot = event_slot("anna");
  for (uint64_t i = 0; i < 10; ++i)
    BOOST_TEST(store.shard->take(log.block(slot, i, i + 1), now + std::chrono::hours{i}).has_value());
  const Aggregates before = store.shard->aggregates();
  const ShardReader reader(*store.database);
  BOOST_TEST(!reader.removed_until().value().has_value());

  BOOST_TEST(store.shard->remove_old_blocks(slot, now + std::chrono::hours{5}, 3).value() == 3u);
  store.reopen();
  BOOST_TEST(store.shard->remove_old_blocks(slot, now + std::chrono::hours{5}, 3).value() == 2u);
  BOOST_TEST(store.shard->remove_old_blocks(slot, now + std::chrono::hours{5}, 3).value() == 0u);

  const ShardReader after(*store.database);
  BOOST_TEST((after.removed_until().value() == now + std::chrono::hours{4}));
  BOOST_TEST(after.events(rules(), {}, 100).value().events.size() == 5u);
  BOOST_TEST((store.shard->aggregates() == before));
  BOOST_TEST(store.shard->take(log.block(slot, 0, 10), now).value().next_seq == 10u, "the log's position stays");
}

BOOST_AUTO_TEST_SUITE_END()
