#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <map>

#include "child_program.hpp"
#include "event_log_harness.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

/// A small disk of its own, over the directory, for the program that follows.
const std::vector<std::string> small_disk{
    "unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=400k tmpfs \"$2\" && exec \"$@\"", "sh"};

/// storage_event_writer; killed at the latest with this object.
class EventWriter {
 public:
  EventWriter(const std::filesystem::path& directory, int round, std::vector<std::string> command = {})
      : program_(command_of(directory, round, std::move(command))) {}

  struct Line {
    char kind;
    unsigned slot;
    unsigned long long seq;
    std::string text;
  };
  /// None once the writer is dead and its output read, or at a line that it did not finish.
  std::optional<Line> next() {
    Line line{};
    std::array<char, 64> text{};
    char end = 0;
    if (std::fscanf(program_.output(), "%c %u %llu %63[^\n]%c", &line.kind, &line.slot, &line.seq, text.data(), &end) !=
        5)
      return std::nullopt;
    line.text = text.data();
    return line;
  }

  void kill() { program_.kill(); }

 private:
  static std::vector<std::string> command_of(const std::filesystem::path& directory, int round,
                                             std::vector<std::string> command) {
    command.insert(command.end(), {STORAGE_EVENT_WRITER, directory.string(), std::to_string(round)});
    return command;
  }

  ChildProgram program_;
};

/// What the text of an event begins with; checks the rest of it.
std::string text_of(std::string_view bytes) {
  const std::string text(bytes.substr(0, bytes.find(' ')));
  const size_t times = (bytes.size() + 1) / (text.size() + 1);
  std::string expected = text;
  for (size_t i = 1; i < times; ++i) expected += ' ' + text;
  BOOST_REQUIRE(bytes == expected);
  BOOST_REQUIRE(std::stoull(text.substr(text.rfind('/') + 1)) % 37 + 1 == times);
  return text;
}

struct Fixture {
  TempDirectory directory;
  SystemClock clock;
  SeededRandom random{3};
  /// What the log held in the end.
  SlotSeqs next{};
  StreamId stream;

  /// Kills a writer somewhere, and checks the log that it leaves.
  void run(int round) {
    EventWriter writer(directory.path(), round);
    std::map<std::pair<unsigned, uint64_t>, std::string> told;
    size_t synced = 0;
    const auto hear = [&](const EventWriter::Line& line) {
      told[{line.slot, line.seq}] = line.text;
      synced += line.kind == 'S';
    };
    for (uint64_t left = random.below(400); left > 0; --left) {
      const auto line = writer.next();
      BOOST_REQUIRE(line.has_value());
      hear(*line);
    }
    writer.kill();
    while (const auto line = writer.next()) hear(*line);
    check(told);
    synced_ += synced;
  }

  void check(const std::map<std::pair<unsigned, uint64_t>, std::string>& told) {
    const EventLogOptions options{.segment_bytes = 128_KiB, .bytes_max = 2_MiB};
    const auto log = EventLog::open(directory.path(), options, clock, random).value();
    BOOST_REQUIRE((stream == StreamId{} || stream == log->stream()));
    stream = log->stream();
    std::map<std::pair<unsigned, uint64_t>, std::string> found;
    // The round before acknowledged what it found.
    EventReader reader = log->read_from(log->low_water());
    while (true) {
      const auto events = reader.next(1000, 1 << 20);
      BOOST_REQUIRE(events.has_value());
      if (events->empty()) break;
      for (const Event& event : *events) {
        found[{event.slot, event.seq}] = text_of(event.bytes);
        if (event.seq < log->acknowledged_through(event.slot)) continue;
        BOOST_REQUIRE(event.seq == next[event.slot]++);
        BOOST_REQUIRE(log->acknowledge(event.slot, event.seq).has_value());
      }
    }
    for (const auto& [key, text] : told) BOOST_REQUIRE(found[key] == text);
    BOOST_REQUIRE(log->sync().has_value());
  }

  size_t synced_ = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(event_log_crash, Fixture)

BOOST_AUTO_TEST_CASE(a_killed_process_loses_nothing_that_it_appended_and_leaves_no_gap) {
  // The long run asks for more.
  const char* rounds = std::getenv("TROUPE_CRASH_ROUNDS");
  for (int round = 0; round < (rounds == nullptr ? 25 : std::atoi(rounds)); ++round) run(round);
  BOOST_TEST(synced_ > 0u);
}

BOOST_AUTO_TEST_CASE(a_disk_that_is_full_refuses_events_and_ends_nobody) {
  EventWriter writer(directory.path(), 0, small_disk);
  auto line = writer.next();
  if (!line) {
    BOOST_TEST_MESSAGE("this user may not mount a small disk");
    return;
  }
  size_t told = 0;
  for (; line && line->kind != 'F'; line = writer.next()) ++told;
  BOOST_TEST(line.has_value());
  BOOST_TEST(told > 0u);
}

BOOST_AUTO_TEST_CASE(a_log_open_in_another_process_is_refused) {
  EventWriter writer(directory.path(), 0);
  BOOST_REQUIRE(writer.next().has_value());
  const auto opened = EventLog::open(directory.path(), {}, clock, random);
  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::unavailable));
}

BOOST_AUTO_TEST_SUITE_END()
