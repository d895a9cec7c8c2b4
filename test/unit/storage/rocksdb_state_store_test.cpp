#include "storage/rocksdb_state_store.hpp"

#include <rocksdb/db.h>

#include <boost/test/unit_test.hpp>
#include <thread>

#include "state_harness.hpp"
#include "storage/state_record.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

constexpr auto no_pump = [] {};

std::unique_ptr<StateStore> open_store(const TempDirectory& directory, const StateStoreOptions& options = {}) {
  return open_rocksdb_state_store(directory.path(), options).value();
}

void put_many(StateStore& store, int count) {
  for (int i = 0; i < count; ++i)
    BOOST_REQUIRE(commit(store, no_pump, {{}, {Put{fmt::format("k/{:03}", i), std::string(1000, 'v')}}}).has_value());
}

void write_raw(const std::filesystem::path& directory, std::string_view key, std::string_view value) {
  rocksdb::DB* opened = nullptr;
  rocksdb::Options options;
  options.create_if_missing = true;
  BOOST_REQUIRE(rocksdb::DB::Open(options, directory.string(), &opened).ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  BOOST_REQUIRE(db->Put({}, key, value).ok());
}

std::filesystem::path largest_log(const std::filesystem::path& directory) {
  std::filesystem::path largest;
  uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (entry.path().extension() == ".log" && entry.file_size() > size) {
      size = entry.file_size();
      largest = entry.path();
    }
  return largest;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rocksdb_state_store)

BOOST_AUTO_TEST_CASE(reopening_keeps_entries_revisions_and_the_count) {
  TempDirectory directory;
  put_many(*open_store(directory), 3);
  BOOST_REQUIRE(commit(*open_store(directory), no_pump, {{}, {Delete{"k/000"}}}).has_value());

  const auto store = open_store(directory);

  const RangeResult all = range(*store, no_pump, "").value();
  BOOST_TEST(all.revision.value == 4u);
  BOOST_REQUIRE(all.entries.size() == 2u);
  BOOST_TEST((all.entries[1] == StateEntry{"k/002", std::string(1000, 'v'), {3}, {3}}));
  BOOST_TEST(commit(*store, no_pump, {{}, {Put{"k", "x"}}}).value().value == 5u);
}

BOOST_AUTO_TEST_CASE(after_reopening_a_watch_from_before_is_told_to_range_again) {
  TempDirectory directory;
  put_many(*open_store(directory), 2);
  const auto store = open_store(directory);
  Heard stale;
  Heard current;

  const WatchHandle first = store->watch("", {1}, stale.callback()).value();
  const WatchHandle second = store->watch("", {2}, current.callback()).value();
  BOOST_REQUIRE(commit(*store, no_pump, {{}, {Put{"k", "x"}}}).has_value());
  BOOST_REQUIRE(range(*store, no_pump, "").has_value());

  BOOST_REQUIRE(stale.events().size() == 1u);
  BOOST_TEST((stale.events()[0].kind == WatchEvent::Kind::compacted));
  BOOST_REQUIRE(current.events().size() == 1u);
  BOOST_TEST(current.events()[0].revision.value == 3u);
}

BOOST_AUTO_TEST_CASE(the_size_limit_counts_what_an_earlier_run_wrote) {
  TempDirectory directory;
  put_many(*open_store(directory), 3);

  const auto store = open_store(directory, {.live_bytes_max = ByteCount{3500}});

  const auto refused = commit(*store, no_pump, {{}, {Put{"more", std::string(1000, 'v')}}});
  BOOST_TEST((refused.error().code == Errc::resource_exhausted));
}

BOOST_AUTO_TEST_CASE(a_directory_in_use_is_named_as_such) {
  TempDirectory directory;
  const auto first = open_store(directory);

  const auto second = open_rocksdb_state_store(directory.path());

  BOOST_REQUIRE(!second);
  BOOST_TEST((second.error().code == Errc::unavailable));
  BOOST_TEST(second.error().message ==
             fmt::format("the directory {} is in use by another troupe; stop it or choose another data directory",
                         directory.path().string()));
}

BOOST_AUTO_TEST_CASE(a_newer_schema_is_refused_in_words) {
  TempDirectory directory;
  put_many(*open_store(directory), 1);
  write_raw(directory.path(), "m/schema", encode_u64(2));

  const auto opened = open_rocksdb_state_store(directory.path());

  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::failed_precondition));
  BOOST_TEST(opened.error().message.find("schema 2, written by a newer troupe") != std::string::npos);
  BOOST_TEST(opened.error().message.find(directory.path().string()) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_database_of_something_else_is_left_alone) {
  TempDirectory directory;
  write_raw(directory.path(), "foreign", "data");

  const auto opened = open_rocksdb_state_store(directory.path());

  BOOST_TEST((opened.error().code == Errc::failed_precondition));
}

BOOST_AUTO_TEST_CASE(a_record_that_cannot_be_read_is_named) {
  TempDirectory directory;
  put_many(*open_store(directory), 1);
  write_raw(directory.path(), "edeployment/clerk", "short");

  const auto opened = open_rocksdb_state_store(directory.path());

  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::corrupt_data));
  BOOST_TEST(opened.error().message.find("'deployment/clerk'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_damaged_log_is_refused_not_silently_shortened) {
  TempDirectory directory;
  put_many(*open_store(directory), 50);
  const auto log = largest_log(directory.path());
  BOOST_REQUIRE(!log.empty());
  std::string bytes = read_text(log);
  bytes[bytes.size() / 2] ^= 1;
  write_text(log, bytes);

  const auto opened = open_rocksdb_state_store(directory.path());

  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::corrupt_data));
  BOOST_TEST(opened.error().message.find(directory.path().string()) != std::string::npos);
}

// As after a loss of power: the mark of what was acknowledged is not synced, so it lags or is gone.
BOOST_AUTO_TEST_CASE(a_torn_last_write_that_was_not_acknowledged_loses_only_itself) {
  TempDirectory directory;
  put_many(*open_store(directory), 10);
  std::filesystem::remove(directory.path() / "acknowledged");
  const auto log = largest_log(directory.path());
  BOOST_REQUIRE(!log.empty());
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 100);

  const auto store = open_store(directory);

  const RangeResult all = range(*store, no_pump, "").value();
  BOOST_TEST(all.entries.size() == 9u);
  BOOST_TEST(all.revision.value == 9u);
}

BOOST_AUTO_TEST_CASE(a_log_that_has_lost_acknowledged_writes_at_its_end_is_refused) {
  TempDirectory directory;
  put_many(*open_store(directory), 10);
  const auto log = largest_log(directory.path());
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 100);

  const auto opened = open_rocksdb_state_store(directory.path());

  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::corrupt_data));
  BOOST_TEST(opened.error().message.find("ends at revision 9, but revision 10 was acknowledged") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_database_that_has_lost_its_head_file_is_not_taken_for_a_new_one) {
  TempDirectory directory;
  put_many(*open_store(directory), 1);
  std::filesystem::remove(directory.path() / "CURRENT");

  const auto opened = open_rocksdb_state_store(directory.path());

  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::corrupt_data));
  BOOST_TEST(opened.error().message.find("CURRENT") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_made_is_an_error) {
  TempDirectory directory;
  write_text(directory.path() / "file", "x");

  const auto opened = open_rocksdb_state_store(directory.path() / "file" / "control");

  BOOST_TEST((opened.error().code == Errc::io_error));
}

BOOST_AUTO_TEST_CASE(a_full_queue_is_overloaded_at_once_and_says_when_to_come_back) {
  TempDirectory directory;
  std::promise<void> started;
  std::promise<void> release;
  auto store = open_store(directory, {.queue_length_max = 2});
  store->range("", [&, released = release.get_future().share()](Result<RangeResult>) {
    started.set_value();
    released.wait();
  });
  started.get_future().wait();
  int answered = 0;
  for (int i = 0; i < 2; ++i) store->range("", [&](Result<RangeResult> result) { answered += result.has_value(); });

  std::optional<Error> refusal;
  store->range("", [&](Result<RangeResult> result) { refusal = result.error(); });
  const auto watch = store->watch("", {}, [](const WatchEvent&) {});
  release.set_value();
  store.reset();

  BOOST_REQUIRE(refusal.has_value());
  BOOST_TEST((refusal->code == Errc::overloaded));
  BOOST_TEST((refusal->retry_after > std::chrono::milliseconds{0}));
  BOOST_TEST((watch.error().code == Errc::overloaded));
  BOOST_TEST(answered == 2);
}

BOOST_AUTO_TEST_CASE(commits_from_many_threads_each_get_a_revision_of_their_own) {
  TempDirectory directory;
  const auto store = open_store(directory);
  std::mutex mutex;
  std::vector<uint64_t> revisions;
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer)
      writers.emplace_back([&, writer] {
        for (int i = 0; i < 10; ++i) {
          const auto revision = commit(*store, no_pump, {{}, {Put{fmt::format("{}/{}", writer, i), "x"}}});
          const std::lock_guard lock(mutex);
          if (revision) revisions.push_back(revision->value);
        }
      });
  }

  std::ranges::sort(revisions);
  BOOST_REQUIRE(revisions.size() == 40u);
  for (size_t i = 0; i < revisions.size(); ++i) BOOST_TEST(revisions[i] == i + 1);
}

BOOST_AUTO_TEST_SUITE_END()
