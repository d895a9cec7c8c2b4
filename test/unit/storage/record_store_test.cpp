#include "storage/record_store.hpp"

#include <boost/test/unit_test.hpp>
#include <future>

#include "temp_directory.hpp"
#include "test/fakes/fault_file_system.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

namespace fs = std::filesystem;

template <class T>
T wait(std::future<T> future) {
  BOOST_REQUIRE(future.wait_for(std::chrono::seconds{30}) == std::future_status::ready);
  return future.get();
}

Status write(RecordStore& store, std::string key, std::optional<std::string> value) {
  auto outcome = std::make_shared<std::promise<Status>>();
  store.write(std::move(key), std::move(value), [outcome](Status status) { outcome->set_value(std::move(status)); });
  return wait(outcome->get_future());
}

Result<Records> load(RecordStore& store) {
  auto outcome = std::make_shared<std::promise<Result<Records>>>();
  store.load([outcome](Result<Records> records) { outcome->set_value(std::move(records)); });
  return wait(outcome->get_future());
}

struct Fixture {
  TempDirectory directory;
  FaultyDisk disk;
  ~Fixture() { disk.files->set(DiskFault::none); }

  std::unique_ptr<RecordStore> open() {
    return open_rocksdb_record_store(directory.path() / "records", {}, disk.env.get()).value();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(record_store, Fixture)

BOOST_AUTO_TEST_CASE(what_was_acknowledged_is_there_when_it_is_opened_again) {
  {
    const auto store = open();
    BOOST_TEST(write(*store, "a", "1").has_value());
    BOOST_TEST(write(*store, "b", "2").has_value());
    BOOST_TEST(write(*store, "a", std::nullopt).has_value());
    BOOST_TEST(write(*store, "c", std::string("x\0y", 3)).has_value());
  }
  const auto store = open();
  BOOST_TEST((load(*store).value() == Records{{"b", "2"}, {"c", std::string("x\0y", 3)}}));
}

BOOST_AUTO_TEST_CASE(many_writes_at_once_are_made_in_order) {
  const auto store = open();
  std::vector<std::future<Status>> outcomes;
  for (int i = 0; i < 500; ++i) {
    auto outcome = std::make_shared<std::promise<Status>>();
    outcomes.push_back(outcome->get_future());
    store->write("k" + std::to_string(i % 10), std::to_string(i),
                 [outcome](Status status) { outcome->set_value(std::move(status)); });
  }
  for (auto& outcome : outcomes) BOOST_TEST(wait(std::move(outcome)).has_value());
  const Records records = load(*store).value();
  BOOST_REQUIRE(records.size() == 10u);
  for (int i = 0; i < 10; ++i) BOOST_TEST(records[static_cast<size_t>(i)].second == std::to_string(490 + i));
}

BOOST_AUTO_TEST_CASE(what_waits_is_bounded_in_bytes) {
  RecordStoreOptions options;
  options.queue_bytes_max = 1_MiB;
  const auto store = open_rocksdb_record_store(directory.path() / "records", options).value();
  std::atomic<int> refused{0};
  for (int i = 0; i < 64; ++i)
    store->write("k", std::string(900 << 10, 'x'),
                 [&](const Status& status) { refused += !status && status.error().code == Errc::overloaded; });
  BOOST_TEST(load(*store).has_value());
  BOOST_TEST(refused.load() > 0);
}

BOOST_AUTO_TEST_CASE(a_disk_that_refuses_costs_the_writes_it_refuses) {
  const auto store = open();
  BOOST_TEST(write(*store, "a", "1").has_value());
  for (const DiskFault fault : {DiskFault::full, DiskFault::read_only, DiskFault::failing_sync}) {
    disk.files->set(fault);
    for (int i = 0; i < 2; ++i) {
      const Status refused = write(*store, "b", "2");
      BOOST_REQUIRE(!refused);
      BOOST_TEST((refused.error().code == Errc::resource_exhausted || refused.error().code == Errc::unavailable));
      BOOST_TEST(refused.error().message.find(directory.path().string()) != std::string::npos);
    }
    disk.files->set(DiskFault::none);
    BOOST_TEST(write(*store, "c", "3").has_value());
  }
  const Records records = load(*store).value();
  BOOST_TEST(records.front().second == "1");
  BOOST_TEST(records.back().second == "3");
}

BOOST_AUTO_TEST_CASE(a_second_troupe_cannot_have_it_too) {
  const auto store = open();
  const auto second = open_rocksdb_record_store(directory.path() / "records");
  BOOST_REQUIRE(!second);
  BOOST_TEST((second.error().code == Errc::unavailable));
}

BOOST_AUTO_TEST_CASE(damage_is_seen_and_says_what_to_do) {
  for (int i = 0; i < 3; ++i) BOOST_TEST(write(*open(), std::to_string(i), std::string(5000, 'v')).has_value());
  const fs::path folder = directory.path() / "records";
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".sst") continue;
    std::string bytes = read_text(entry.path());
    bytes[bytes.size() / 3] = static_cast<char>(bytes[bytes.size() / 3] ^ 0x10);
    write_text(entry.path(), bytes);
  }

  auto opened = open_rocksdb_record_store(folder);
  const auto read = opened ? load(**opened) : Result<Records>(fail(opened.error()));

  BOOST_REQUIRE(!read);
  BOOST_TEST((read.error().code == Errc::corrupt_data));
  BOOST_TEST(read.error().message.find(folder.string()) != std::string::npos);
  BOOST_TEST(read.error().message.find("Move the folder away") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_database_without_its_head_is_not_taken_for_a_new_one) {
  BOOST_TEST(write(*open(), "a", "1").has_value());
  fs::remove(directory.path() / "records" / "CURRENT");
  const auto opened = open_rocksdb_record_store(directory.path() / "records");
  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::corrupt_data));
}

BOOST_AUTO_TEST_SUITE_END()
