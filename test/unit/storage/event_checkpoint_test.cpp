#include "storage/event_checkpoint.hpp"

#include <boost/test/unit_test.hpp>

#include "temp_directory.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

EventCheckpoint at(uint64_t synced) {
  EventCheckpoint checkpoint{.stream = {1, 2}, .synced = {synced}, .low_water = {3}};
  checkpoint.acknowledged[63] = 4;
  checkpoint.lost[0] = 5;
  checkpoint.lost_in_slots[63] = 5;
  return checkpoint;
}

struct Fixture {
  TempDirectory directory;
  std::filesystem::path path = directory.path() / "checkpoint";

  Result<std::optional<EventCheckpoint>> read() const {
    std::optional<EventCheckpoint> found;
    TROUPE_TRY(const CheckpointFile file, CheckpointFile::open(directory.path(), found));
    return found;
  }
  void write(std::initializer_list<uint64_t> positions) const {
    std::optional<EventCheckpoint> found;
    CheckpointFile file = CheckpointFile::open(directory.path(), found).value();
    for (const uint64_t position : positions) BOOST_REQUIRE(file.write(at(position)).has_value());
  }
  void damage(size_t offset) const {
    std::string bytes = read_text(path);
    bytes.at(offset) ^= 1;
    write_text(path, bytes);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(event_checkpoint, Fixture)

BOOST_AUTO_TEST_CASE(the_last_that_was_written_is_found) {
  BOOST_TEST(!read().value().has_value());
  write({10, 20, 30});
  BOOST_TEST((read().value() == at(30)));
  write({40});
  BOOST_TEST((read().value() == at(40)));
}

BOOST_AUTO_TEST_CASE(a_torn_copy_leaves_the_one_before) {
  write({10, 20, 30});
  // The third has gone where the first was: the second half of the file.
  damage(checkpoint_copy_bytes + 100);
  BOOST_TEST((read().value() == at(20)));
}

BOOST_AUTO_TEST_CASE(a_file_without_a_copy_that_can_be_read_is_damaged_and_a_newer_one_is_refused) {
  write({10});
  damage(checkpoint_copy_bytes + 100);
  const auto damaged = read();
  BOOST_REQUIRE(!damaged);
  BOOST_TEST((damaged.error().code == Errc::corrupt_data));
  BOOST_TEST(damaged.error().message.find(path.string()) != std::string::npos);

  std::string bytes = encode_checkpoint(at(1), 1);
  bytes[8] = 3;
  write_text(path, bytes);
  BOOST_TEST((read().error().code == Errc::failed_precondition));
}

BOOST_AUTO_TEST_SUITE_END()
