#include "actors/worker/replica_log.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/storage/temp_directory.hpp"

using namespace troupe;
using namespace troupe::worker;

namespace {

constexpr ReplicaId replica{0xa1};
constexpr ByteCount small{20};

struct Folder {
  test::TempDirectory temp;
  std::filesystem::path path = temp.path() / "logs";

  ReplicaLog open() { return ReplicaLog::open(path, replica, small).value(); }
  std::string all() { return read_replica_log(path, replica, 0, 1000, small).value().text; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(replica_log, Folder)

BOOST_AUTO_TEST_CASE(what_is_written_can_be_read_and_read_on) {
  ReplicaLog log = open();
  log.append("one\n");
  const auto first = read_replica_log(path, replica, 0, 1000, small).value();
  log.append("two\n");

  const auto second = read_replica_log(path, replica, first.end, 1000, small).value();

  BOOST_TEST(first.text == "one\n");
  BOOST_TEST(second.text == "two\n");
  BOOST_TEST(second.end == 8u);
}

BOOST_AUTO_TEST_CASE(a_log_keeps_its_end_and_stays_within_its_size) {
  ReplicaLog log = open();
  for (int i = 0; i < 100; ++i) log.append(fmt::format("line {:03}\n", i));

  const std::string kept = all();

  BOOST_TEST(kept.size() <= small.value);
  BOOST_TEST(kept.ends_with("line 099\n"));
  uint64_t on_disk = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) on_disk += entry.file_size();
  BOOST_TEST(on_disk <= small.value);
}

BOOST_AUTO_TEST_CASE(a_reader_that_fell_behind_goes_on_with_the_oldest_that_is_kept) {
  ReplicaLog log = open();
  for (int i = 0; i < 100; ++i) log.append("0123456789");

  const auto piece = read_replica_log(path, replica, 5, 1000, small).value();

  BOOST_TEST(piece.end == 1000u);
  BOOST_TEST(piece.text.size() >= small.value / 2);
}

BOOST_AUTO_TEST_CASE(the_next_process_of_a_replica_writes_behind_the_last) {
  open().append("first life\n");
  open().append("second\n");

  BOOST_TEST(all() == "first life\nsecond\n");
}

BOOST_AUTO_TEST_CASE(a_piece_is_no_longer_than_was_asked_for) {
  ReplicaLog log = open();
  log.append("0123456789abcde");

  const auto piece = read_replica_log(path, replica, 0, 12, small).value();

  BOOST_TEST(piece.text == "0123456789ab");
  BOOST_TEST(read_replica_log(path, replica, piece.end, 12, small).value().text == "cde");
}

BOOST_AUTO_TEST_CASE(the_tail_has_whole_lines) {
  ReplicaLog log = open();
  log.append("a\nbb\nccc\n");

  BOOST_TEST(tail_replica_log(path, replica, 2, 100, small).value().text == "bb\nccc\n");
  BOOST_TEST(tail_replica_log(path, replica, 9, 100, small).value().text == "a\nbb\nccc\n");
  BOOST_TEST(tail_replica_log(path, replica, 0, 100, small).value().text == "");
}

BOOST_AUTO_TEST_CASE(the_last_line_is_known_whole_or_not) {
  ReplicaLog log = open();
  log.append("first\nno mem");
  BOOST_TEST(log.last_line() == "no mem");
  log.append("ory\n \n");
  BOOST_TEST(log.last_line() == "no memory");
}

BOOST_AUTO_TEST_CASE(a_replica_without_a_log_is_not_found) {
  const auto piece = read_replica_log(path, replica, 0, 10);

  BOOST_REQUIRE(!piece.has_value());
  BOOST_TEST((piece.error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(the_oldest_logs_make_room_for_new_ones) {
  for (uint64_t i = 1; i <= replica_logs_max + 5; ++i) ReplicaLog::open(path, ReplicaId{i}).value().append("x\n");

  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path)) ++files;

  BOOST_TEST(files == replica_logs_max);
}

BOOST_AUTO_TEST_SUITE_END()
