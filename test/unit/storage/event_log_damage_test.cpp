#include <boost/test/unit_test.hpp>

#include "event_log_harness.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

namespace fs = std::filesystem;

/// A closed log of six small events in one segment, and its checkpoint of before they were synced.
struct Fixture : EventLogFixture {
  std::string segment;
  std::string checkpoint;
  std::string early_checkpoint;
  std::vector<size_t> ends;  ///< Of the events, in the file.

  Fixture() {
    log.reset();
    early_checkpoint = read_text(path() / "checkpoint");
    open();
    for (int i = 0; i < 6; ++i) {
      const std::string text(static_cast<size_t>(i), static_cast<char>('a' + i));
      ends.push_back(segment_header_bytes + log->append(1, i, text).value().end.value);
    }
    log.reset();
    segment = read_text(segment_path());
    checkpoint = read_text(path() / "checkpoint");
    BOOST_REQUIRE(segment.size() == ends.back());
  }

  fs::path segment_path(uint64_t index = 0) const { return path() / segment_file_name(index); }
  /// The folder as it was, but for the segment's bytes.
  void lay_out(const std::string& bytes, const std::string& synced) const {
    for (const auto& entry : fs::directory_iterator(path()))
      if (entry.path().filename().string().starts_with("segment-")) fs::remove(entry.path());
    write_text(path() / "checkpoint", synced);
    write_text(segment_path(), bytes);
  }
  size_t whole_before(size_t offset) const {
    return static_cast<size_t>(std::ranges::upper_bound(ends, offset) - ends.begin());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(event_log_damage, Fixture)

BOOST_AUTO_TEST_CASE(an_end_that_was_not_synced_is_cut_wherever_it_is_torn_and_the_log_goes_on) {
  for (size_t offset = segment_header_bytes; offset < segment.size(); offset += 17) {
    for (const bool is_truncated : {true, false}) {
      std::string bytes = segment;
      if (is_truncated)
        bytes.resize(offset);
      else
        bytes[offset] ^= 0x40;
      bytes.resize(options.segment_bytes.value);
      lay_out(bytes, early_checkpoint);

      open();

      const size_t left = read_all(*log, {}).value().size();
      const size_t whole = whole_before(offset);
      // A byte that only fills a record up to its place, or was zero, costs nothing.
      BOOST_TEST((left == whole || ends[whole] - offset <= 8));
      BOOST_TEST(log->append(1, 9, "goes on").value().seq == left);
      open();
      const auto events = read_all(*log, {}).value();
      BOOST_TEST(events.size() == left + 1);
      BOOST_TEST(events.back().bytes == "goes on");
    }
  }
}

BOOST_AUTO_TEST_CASE(damage_of_what_was_synced_is_named_and_nothing_is_changed) {
  for (const size_t offset : {size_t{20}, segment_header_bytes, ends[2] + 5, ends[4] + 33}) {
    std::string bytes = segment;
    bytes[offset] ^= 0x40;
    lay_out(bytes, checkpoint);

    const auto opened = try_open();

    BOOST_REQUIRE(!opened);
    BOOST_TEST((opened.error().code == Errc::corrupt_data));
    BOOST_TEST(opened.error().message.find(segment_path().string()) != std::string::npos);
    const size_t whole = offset < segment_header_bytes ? 0 : whole_before(offset);
    const size_t named = offset < segment_header_bytes ? 0 : whole == 0 ? segment_header_bytes : ends[whole - 1];
    BOOST_TEST(opened.error().message.find(fmt::format("offset {}:", named)) != std::string::npos);
    BOOST_TEST(read_text(segment_path()) == bytes);
  }
}

BOOST_AUTO_TEST_CASE(synced_events_that_are_missing_are_damage) {
  lay_out(segment.substr(0, ends[3]), checkpoint);
  BOOST_TEST((try_open().error().code == Errc::corrupt_data));
  lay_out(segment, checkpoint);
  fs::remove(segment_path());
  BOOST_TEST((try_open().error().code == Errc::corrupt_data));
  lay_out(segment, checkpoint);
  fs::remove(path() / "checkpoint");
  const auto opened = try_open();
  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::corrupt_data));
  BOOST_TEST(opened.error().message.find("checkpoint") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_segment_that_was_made_and_not_used_is_no_damage) {
  lay_out(segment, checkpoint);
  write_text(segment_path(1), std::string(options.segment_bytes.value, '\0'));
  write_text(segment_path(2), "");
  open();
  BOOST_TEST(read_all(*log, {}).value().size() == 6u);
  BOOST_TEST(!log->stats().was_torn);
}

BOOST_AUTO_TEST_CASE(another_streams_segment_is_refused) {
  TempDirectory other;
  EventLog::open(other.path(), options, clock, random, &disk).value().reset();
  fs::remove(path() / "checkpoint");
  fs::copy(other.path() / "checkpoint", path() / "checkpoint");
  const auto opened = try_open();
  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::corrupt_data));
  BOOST_TEST(opened.error().message.find("of the stream") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_segment_missing_between_others_is_damage_and_a_reader_names_what_is_damaged_later) {
  open();
  BOOST_REQUIRE(fill_slowly(300).has_value());
  log.reset();
  const std::string second = read_text(segment_path(1));
  fs::remove(segment_path(1));
  const auto opened = try_open();
  BOOST_REQUIRE(!opened);
  BOOST_TEST((opened.error().code == Errc::corrupt_data));
  BOOST_TEST(opened.error().message.find(segment_path(1).string()) != std::string::npos);

  std::string changed = second;
  changed[changed.size() / 2] ^= 1;
  write_text(segment_path(1), changed);
  open();
  const auto read = read_all(*log, {});
  BOOST_REQUIRE(!read);
  BOOST_TEST((read.error().code == Errc::corrupt_data));
  BOOST_TEST(read.error().message.find(segment_path(1).string()) != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
