#include "actors/worker/replica_log.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "test/unit/storage/temp_directory.hpp"

using namespace troupe;
using namespace troupe::worker;

namespace {

constexpr ReplicaId replica{0xa1};
constexpr ByteCount small{100};
const std::string time_text = "2026-11-21T04:05:06.123Z";
const WallTime now = wall_time_from_unix_microseconds(1'795'233'906'123'000);

struct Folder {
  test::TempDirectory temp;
  std::filesystem::path path = temp.path() / "logs";

  ReplicaLog open(ReplicaId id = replica, ByteCount bytes_max = small) {
    return ReplicaLog::open(path, {id, "clerk-2", "clerk", "2"}, bytes_max).value();
  }
  observe::LogPage read(const observe::LogPosition& from = {}) {
    return observe::read_page(open_replica_log(path, replica).value(), from, {.takes_unfinished = true}).value();
  }
  std::string all() {
    std::string texts;
    for (const observe::LogLine& line : read().lines) texts += line.text + '|';
    return texts;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(replica_log, Folder)

BOOST_AUTO_TEST_CASE(each_line_stands_behind_the_time_of_its_first_byte) {
  ReplicaLog log = open(replica, 1_KiB);
  log.append("one\ntw", now);
  log.append("o\n", now + std::chrono::seconds{1});

  std::ifstream file(path / "00000000000000a1.0.log");
  std::string text(std::istreambuf_iterator<char>(file), {});
  BOOST_TEST(text == time_text + " one\n" + time_text + " two\n");
}

BOOST_AUTO_TEST_CASE(what_is_written_can_be_read_and_read_on) {
  ReplicaLog log = open();
  log.append("one\n", now);
  const auto first = read();
  log.append("two\n", now);

  const auto second = read(first.next);

  BOOST_TEST((first.lines == std::vector<observe::LogLine>{{time_text, "one"}}));
  BOOST_TEST((second.lines == std::vector<observe::LogLine>{{time_text, "two"}}));
}

BOOST_AUTO_TEST_CASE(a_log_keeps_its_end_and_stays_within_its_size) {
  ReplicaLog log = open();
  for (int i = 0; i < 100; ++i) log.append(fmt::format("line {:03}\n", i), now);

  BOOST_TEST(all().ends_with("line 099|"));
  uint64_t on_disk = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.path().extension() == ".log") on_disk += entry.file_size();
  BOOST_TEST(on_disk <= small.value);
}

BOOST_AUTO_TEST_CASE(a_reader_loses_nothing_when_the_log_goes_on_in_another_file) {
  ReplicaLog log = open();
  std::string written;
  std::string seen;
  observe::LogPosition position;
  for (int i = 0; i < 50; ++i) {
    log.append(fmt::format("line {}\n", i), now);
    written += fmt::format("line {}|", i);
    const auto page = read(position);
    BOOST_TEST(!page.has_gap);
    for (const observe::LogLine& line : page.lines) seen += line.text + '|';
    position = page.next;
  }

  BOOST_TEST(seen == written);
}

BOOST_AUTO_TEST_CASE(a_reader_that_fell_behind_is_told_and_goes_on_with_the_oldest_that_is_kept) {
  ReplicaLog log = open();
  log.append("first\n", now);
  const auto first = read();
  for (int i = 0; i < 100; ++i) log.append("more\n", now);

  const auto page = read(first.next);

  BOOST_TEST(page.has_gap);
  BOOST_REQUIRE(!page.lines.empty());
  BOOST_TEST(page.lines.back().text == "more");
}

BOOST_AUTO_TEST_CASE(the_next_process_of_a_replica_begins_a_line_of_its_own) {
  for (const char* words : {"first life\n", "it die", "second\n"}) open(replica, 1_KiB).append(words, now);

  BOOST_TEST(all() == "first life|it die|second|");
}

BOOST_AUTO_TEST_CASE(the_last_line_is_known_whole_or_not) {
  ReplicaLog log = open();
  log.append("first\nno mem", now);
  BOOST_TEST(log.last_line() == "no mem");
  log.append("ory\n \n", now);
  BOOST_TEST(log.last_line() == "no memory");
  log.append(std::string(1000, 'x'), now);
  BOOST_TEST(log.last_line() == std::string(512, 'x'));
}

BOOST_AUTO_TEST_CASE(a_replica_without_a_log_is_not_found) {
  const auto log = open_replica_log(path, replica);

  BOOST_REQUIRE(!log.has_value());
  BOOST_TEST((log.error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(logs_are_listed_with_whose_they_are) {
  open(ReplicaId{1}).append("x\n", now);
  open(ReplicaId{2});
  std::ofstream(path / "notes.log") << "not one of ours";
  std::ofstream(path / "00000000000000zz.0.log") << "nor this";

  auto logs = list_replica_logs(path);

  std::ranges::sort(logs, {}, [](const ReplicaLogInfo& log) { return log.owner.replica; });
  BOOST_REQUIRE(logs.size() == 2U);
  BOOST_TEST((logs[0].owner == LogOwner{ReplicaId{1}, "clerk-2", "clerk", "2"}));
  BOOST_TEST(logs[0].bytes.value == time_text.size() + 3);
  BOOST_TEST((logs[1].owner.replica == ReplicaId{2}));
}

BOOST_AUTO_TEST_CASE(a_log_that_is_a_link_to_elsewhere_is_not_followed) {
  std::filesystem::create_directories(path);
  std::ofstream(temp.path() / "secret") << "key\n";
  std::filesystem::create_symlink(temp.path() / "secret", path / "00000000000000a1.0.log");

  BOOST_TEST(!open_replica_log(path, replica).has_value());
}

BOOST_AUTO_TEST_CASE(the_oldest_logs_make_room_for_new_ones_but_not_one_that_is_being_written) {
  ReplicaLog running = open(ReplicaId{1});
  const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours{1};
  std::filesystem::last_write_time(path / "0000000000000001.0.log", long_ago);
  for (uint64_t i = 2; i <= replica_logs_max + 5; ++i) open(ReplicaId{i}).append("x\n", now);

  const auto logs = list_replica_logs(path);

  BOOST_TEST(logs.size() == replica_logs_max + 1);
  BOOST_TEST((logs.back().owner.replica == ReplicaId{1}));
  size_t owners = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) owners += entry.path().extension() == ".about";
  BOOST_TEST(owners == logs.size());
}

BOOST_AUTO_TEST_SUITE_END()
