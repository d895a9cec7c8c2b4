#include <boost/test/unit_test.hpp>
#include <string>

#include "state_harness.hpp"
#include "test/fakes/fault_file_system.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

constexpr auto no_pump = [] {};

/// A store on a disk of the test's own making.
struct Fixture {
  TempDirectory directory;
  FaultyDisk disk;
  std::unique_ptr<StateStore> store;

  Fixture() { open(); }
  ~Fixture() { disk.files->set(DiskFault::none); }

  void open() { store = open_rocksdb_state_store(directory.path(), {}, disk.env.get()).value(); }
  Result<Revision> put(std::string key, std::string value) {
    return commit(*store, no_pump, {{}, {Put{std::move(key), std::move(value)}}});
  }
  std::vector<StateEntry> all() { return range(*store, no_pump, "").value().entries; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(disk_faults, Fixture)

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_writes_in_words_serves_reads_and_takes_writes_once_there_is_room) {
  BOOST_REQUIRE(put("k", "1").has_value());
  disk.files->set(DiskFault::full);

  for (int i = 0; i < 3; ++i) {
    const auto refused = put("k", "2");
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::resource_exhausted));
    BOOST_TEST(refused.error().message.find("No space left on device") != std::string::npos);
    BOOST_TEST(refused.error().message.find(directory.path().string()) != std::string::npos);
    BOOST_TEST((refused.error().retry_after > std::chrono::milliseconds{0}));
    BOOST_TEST(all().at(0).value == "1");
  }

  disk.files->set(DiskFault::none);
  BOOST_TEST(put("k", "3").value().value == 2u);
  BOOST_TEST(all().at(0).value == "3");
}

BOOST_AUTO_TEST_CASE(a_disk_that_is_read_only_or_failing_is_unavailable_until_it_is_not) {
  BOOST_REQUIRE(put("k", "1").has_value());
  uint64_t expected = 1;
  for (const DiskFault fault : {DiskFault::read_only, DiskFault::failing, DiskFault::failing_sync}) {
    disk.files->set(fault);
    const auto refused = put("k", "2");
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::unavailable));
    BOOST_TEST(range(*store, no_pump, "").value().revision.value == expected);

    disk.files->set(DiskFault::none);
    BOOST_TEST(put("k", "3").value().value == ++expected);
  }
}

BOOST_AUTO_TEST_CASE(what_was_refused_stays_undone_although_its_bytes_reached_the_log) {
  BOOST_REQUIRE(put("changed", "1").has_value());
  BOOST_REQUIRE(put("deleted", "1").has_value());
  disk.files->set(DiskFault::failing_sync);
  BOOST_REQUIRE(!commit(*store, no_pump, {{}, {Put{"changed", "2"}, Put{"new", "2"}, Delete{"deleted"}}}));
  disk.files->set(DiskFault::none);

  BOOST_TEST(put("other", "x").value().value == 3u);
  store.reset();
  open();

  const std::vector<StateEntry> expected{
      {"changed", "1", {1}, {1}}, {"deleted", "1", {2}, {2}}, {"other", "x", {3}, {3}}};
  BOOST_TEST((all() == expected));
}

BOOST_AUTO_TEST_CASE(a_watch_hears_of_writes_that_were_done_and_of_no_other) {
  Heard heard;
  const WatchHandle watch = store->watch("", {}, heard.callback()).value();
  BOOST_REQUIRE(put("k", "1").has_value());
  disk.files->set(DiskFault::full);
  BOOST_REQUIRE(!put("k", "2"));
  disk.files->set(DiskFault::none);
  BOOST_REQUIRE(put("k", "3").has_value());
  BOOST_REQUIRE(range(*store, no_pump, "").has_value());

  BOOST_REQUIRE(heard.events().size() == 2u);
  BOOST_TEST(heard.events()[1].revision.value == 2u);
  BOOST_TEST(heard.events()[1].changes.at(0).value.value() == "3");
}

BOOST_AUTO_TEST_CASE(a_fault_that_a_background_write_met_and_that_is_over_costs_no_commit) {
  // More than a write buffer, so that tables are written while the disk is full.
  const std::string value(256 * 1024, 'v');
  BOOST_REQUIRE(put("k/first", value).has_value());
  disk.files->set(DiskFault::full);
  for (int i = 0; i < 8; ++i) BOOST_REQUIRE(!put(fmt::format("k/{}", i), value));
  disk.files->set(DiskFault::none);

  for (int i = 0; i < 8; ++i) BOOST_TEST(put(fmt::format("k/{}", i), value).has_value());

  BOOST_TEST(all().size() == 9u);
}

BOOST_AUTO_TEST_CASE(a_store_does_not_open_on_a_full_disk_and_says_so) {
  store.reset();
  disk.files->set(DiskFault::full);

  const auto opened = open_rocksdb_state_store(directory.path(), {}, disk.env.get());

  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::resource_exhausted));
}

BOOST_AUTO_TEST_SUITE_END()
