#include "storage/event_database.hpp"

#include <rocksdb/db.h>

#include <boost/test/unit_test.hpp>

#include "temp_directory.hpp"
#include "test/fakes/fault_file_system.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

template <class Source>
Entries entries(const Source& source, const KeyRange& range) {
  Entries found;
  const Status read = source.each(range, [&](std::string_view key, std::string_view value) -> Status {
    found.emplace_back(key, value);
    return {};
  });
  BOOST_REQUIRE(read.has_value());
  return found;
}

struct Fixture {
  TempDirectory directory;
  FaultyDisk disk;
  SeededRandom random{1};
  EventDatabaseOptions options{.block_cache = 4_MiB, .memtables = 4_MiB, .prefix_bytes = 2};
  std::unique_ptr<EventDatabase> database;

  Fixture() { open(); }
  ~Fixture() { disk.files->set(DiskFault::none); }

  std::filesystem::path path() const { return directory.path() / "events"; }
  Result<std::unique_ptr<EventDatabase>> try_open() {
    return EventDatabase::open(path(), options, random, disk.env.get());
  }
  void open() {
    database.reset();
    database = try_open().value();
  }
  Status put(std::string_view key, std::string_view value, Durability durability = Durability::synced) {
    EventBatch batch;
    batch.put(key, value);
    return database->write(batch, durability);
  }
  std::string value(std::string_view key) const { return database->get(key).value().value_or("none"); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(event_database, Fixture)

BOOST_AUTO_TEST_CASE(a_batch_takes_effect_as_a_whole_and_in_order) {
  EventBatch batch;
  batch.put("a1", "x");
  batch.put("a1", "y");
  batch.put("a2", "");
  batch.put("b", std::string("\0\xff", 2));
  batch.erase("a2");
  BOOST_TEST(batch.size() == 5u);
  BOOST_REQUIRE(database->write(batch, Durability::synced).has_value());
  open();
  BOOST_TEST((entries(*database, {}) == Entries{{"a1", "y"}, {"b", std::string("\0\xff", 2)}}));
}

BOOST_AUTO_TEST_CASE(many_keys_are_looked_up_at_once_and_most_of_them_are_absent) {
  for (int i = 0; i < 20; ++i) BOOST_REQUIRE(put(fmt::format("k/{:03}", i * 10), std::to_string(i)).has_value());
  std::vector<std::string> keys;
  for (int i = 200; i-- > 0;) keys.push_back(fmt::format("k/{:03}", i));
  const auto values = database->get_many(keys).value();
  BOOST_REQUIRE(values.size() == 200u);
  for (size_t i = 0; i < 200; ++i) {
    const size_t number = 199 - i;
    BOOST_TEST(values[i].has_value() == (number % 10 == 0));
    if (values[i]) BOOST_TEST(*values[i] == std::to_string(number / 10));
  }
}

BOOST_AUTO_TEST_CASE(ranges_are_read_in_order_and_end_where_they_should) {
  for (const char* key : {"a", "ab", "ab1", "ab\xff", "ac", "b", "\xfe"}) BOOST_REQUIRE(put(key, key).has_value());
  const auto keys = [&](const KeyRange& range) {
    std::string all;
    for (const auto& [key, value] : entries(*database, range)) all += key + ' ';
    return all;
  };
  BOOST_TEST(keys({}) == "a ab ab1 ab\xff ac b \xfe ");
  BOOST_TEST(keys(KeyRange::of_prefix("ab")) == "ab ab1 ab\xff ");
  BOOST_TEST(keys(KeyRange::of_prefix("ab1")) == "ab1 ");
  BOOST_TEST(keys(KeyRange::of_prefix("")) == "a ab ab1 ab\xff ac b \xfe ");
  BOOST_TEST(keys(KeyRange::of_prefix("\xfe")) == "\xfe ");
  BOOST_TEST(keys({"ab1", "b"}) == "ab1 ab\xff ac ");
  BOOST_TEST(keys({"b", "a"}).empty());
  // A visitor ends it with its own error.
  const Status ended = database->each({}, [](auto, auto) -> Status { return fail(Errc::cancelled, "enough"); });
  BOOST_TEST((ended.error().code == Errc::cancelled));
}

BOOST_AUTO_TEST_CASE(a_range_is_deleted_with_the_rest_of_its_batch) {
  for (int i = 0; i < 100; ++i) BOOST_REQUIRE(put(fmt::format("k/{:02}", i), "x", Durability::unsynced).has_value());
  EventBatch batch;
  batch.erase(KeyRange{"k/10", "k/90"});
  batch.erase(KeyRange{"k/9", "k/1"});
  batch.put("k/50", "new");
  BOOST_REQUIRE(database->write(batch, Durability::synced).has_value());
  BOOST_TEST(entries(*database, {}).size() == 21u);
  BOOST_TEST(value("k/50") == "new");
  EventBatch everything;
  everything.erase(KeyRange{});
  BOOST_REQUIRE(database->write(everything, Durability::synced).has_value());
  BOOST_TEST(entries(*database, {}).empty());
  const StoreId id = database->id();
  open();
  BOOST_TEST((database->id() == id));
}

BOOST_AUTO_TEST_CASE(a_snapshot_stays_as_it_was_while_writes_go_on) {
  BOOST_REQUIRE(put("a", "1").has_value());
  {
    const EventSnapshot snapshot = database->snapshot().value();
    BOOST_REQUIRE(put("a", "2").has_value());
    BOOST_REQUIRE(put("b", "2").has_value());
    BOOST_TEST((entries(snapshot, {}) == Entries{{"a", "1"}}));
    BOOST_TEST(snapshot.get("a").value().value() == "1");
    BOOST_TEST(!snapshot.get("b").value().has_value());
  }
  BOOST_TEST((entries(*database, {}) == Entries{{"a", "2"}, {"b", "2"}}));
}

BOOST_AUTO_TEST_CASE(a_range_that_is_being_read_does_not_see_what_is_written_meanwhile) {
  BOOST_REQUIRE(put("a", "1").has_value());
  BOOST_REQUIRE(put("b", "1").has_value());
  std::string seen;
  const Status read = database->each({}, [&](std::string_view key, std::string_view value) -> Status {
    seen += fmt::format("{}{} ", key, value);
    return put("b", "2");
  });
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(seen == "a1 b1 ");
}

BOOST_AUTO_TEST_CASE(the_size_of_a_range_is_told_about) {
  SeededRandom noise{5};
  for (int i = 0; i < 200; ++i) {
    std::string block;
    while (block.size() < 10'000) block += static_cast<char>(noise.next());
    BOOST_REQUIRE(put(fmt::format("r/{:03}", i), block, Durability::unsynced).has_value());
  }
  BOOST_TEST(database->approximate_size(KeyRange::of_prefix("r/")).value().value > 0u);
  open();  // What was in memory is in a file now.
  const uint64_t all = database->approximate_size(KeyRange::of_prefix("r/")).value().value;
  BOOST_TEST(all > 1'000'000u);
  BOOST_TEST(all < 4'000'000u);
  const uint64_t half = database->approximate_size({"r/000", "r/100"}).value().value;
  BOOST_TEST(half > all / 4);
  BOOST_TEST(half < all * 3 / 4);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_is_a_database_of_its_own_with_the_same_id) {
  BOOST_REQUIRE(put("a", "1", Durability::unsynced).has_value());
  const auto copy_path = directory.path() / "copy";
  BOOST_REQUIRE(database->checkpoint(copy_path).has_value());
  BOOST_REQUIRE(put("a", "2").has_value());
  const auto copy = EventDatabase::open(copy_path, options, random).value();
  BOOST_TEST((copy->id() == database->id()));
  BOOST_TEST((entries(*copy, {}) == Entries{{"a", "1"}}));
  const auto again = database->checkpoint(copy_path);
  BOOST_REQUIRE(!again);
  BOOST_TEST((again.error().code == Errc::already_exists));
}

BOOST_AUTO_TEST_CASE(every_database_has_an_id_of_its_own_and_one_process) {
  TempDirectory other;
  BOOST_TEST((EventDatabase::open(other.path(), options, random).value()->id() != database->id()));
  const auto second = try_open();
  BOOST_REQUIRE(!second);
  BOOST_TEST((second.error().code == Errc::unavailable));
  BOOST_TEST(second.error().message.find("in use by another troupe") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_writes_serves_reads_and_takes_writes_once_there_is_room) {
  BOOST_REQUIRE(put("a", "1").has_value());
  uint64_t writes = 0;
  for (const auto& [fault, errc] :
       {std::pair{DiskFault::full, Errc::resource_exhausted}, std::pair{DiskFault::failing, Errc::unavailable},
        std::pair{DiskFault::failing_sync, Errc::unavailable}}) {
    disk.files->set(fault);
    for (int i = 0; i < 2; ++i) {
      const Status refused = put("b", "x");
      BOOST_REQUIRE(!refused);
      BOOST_TEST((refused.error().code == errc));
      BOOST_TEST(refused.error().message.find(path().string()) != std::string::npos);
      BOOST_TEST((refused.error().retry_after > std::chrono::milliseconds{0}));
      BOOST_TEST(value("a") == "1");
    }
    disk.files->set(DiskFault::none);
    BOOST_TEST(put("c", std::to_string(++writes)).has_value());
    BOOST_TEST(value("c") == std::to_string(writes));
  }
}

BOOST_AUTO_TEST_CASE(a_fault_tells_the_writer_whose_batches_were_not_synced) {
  BOOST_REQUIRE(put("a", "1", Durability::unsynced).has_value());
  disk.files->set(DiskFault::failing_sync);
  BOOST_TEST(!database->sync());
  disk.files->set(DiskFault::none);
  BOOST_TEST(put("b", "1", Durability::unsynced).has_value());
  BOOST_TEST(database->sync().has_value());
  open();
  BOOST_TEST(value("b") == "1");
}

BOOST_AUTO_TEST_CASE(a_database_that_is_read_is_not_opened_anew_until_it_is_no_longer) {
  BOOST_REQUIRE(put("a", "1").has_value());
  {
    const EventSnapshot snapshot = database->snapshot().value();
    disk.files->set(DiskFault::full);
    BOOST_REQUIRE(!put("b", "1"));
    disk.files->set(DiskFault::none);
    const Status refused = put("b", "1");
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::unavailable));
    BOOST_TEST((entries(snapshot, {}) == Entries{{"a", "1"}}));
  }
  BOOST_TEST(put("b", "1").has_value());
}

BOOST_AUTO_TEST_CASE(a_beheaded_database_is_damage_and_stays_as_it_is) {
  BOOST_REQUIRE(put("a", "1").has_value());
  database.reset();
  std::filesystem::remove(path() / "CURRENT");
  const auto opened = try_open();
  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::corrupt_data));
  BOOST_TEST(opened.error().message.find("CURRENT") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_newer_troupes_database_is_refused) {
  database.reset();
  rocksdb::DB* raw = nullptr;
  BOOST_REQUIRE(rocksdb::DB::Open({}, path().string(), &raw).ok());
  const std::unique_ptr<rocksdb::DB> edited(raw);
  BOOST_REQUIRE(edited->Put({}, "\xffschema", std::string("\2\0\0\0\0\0\0\0", 8)).ok());
  BOOST_REQUIRE(edited->Close().ok());
  const auto opened = try_open();
  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::failed_precondition));
  BOOST_TEST(opened.error().message.find("newer troupe") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
