#include "storage/event_record.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using namespace troupe;
using namespace troupe::storage;

namespace {

constexpr StreamId stream{0x0123456789abcdef, 0xfedcba9876543210};
constexpr LogPosition base{4096};

/// A segment's records: `ends` says where each ends.
struct Records {
  std::vector<std::byte> bytes = std::vector<std::byte>(1024);
  std::vector<LogPosition> ends;

  Records() {
    SlotSeqs next{};
    LogPosition at = base;
    for (const std::string_view text : {"first", "", "the third of them", "x"}) {
      const auto slot = static_cast<uint8_t>(ends.size() % 2);
      write_record({slot, next[slot]++, -7, text, {}}, hash_payload(text), at, stream,
                   bytes.data() + (at.value - base.value));
      at.value += record_bytes(text.size());
      ends.push_back(at);
    }
  }

  size_t bytes_used() const { return ends.back().value - base.value; }
  /// How many records lie before the one that holds this byte.
  size_t whole_before(size_t offset) const {
    size_t whole = 0;
    while (whole < ends.size() && ends[whole].value - base.value <= offset) ++whole;
    return whole;
  }
  LogPosition end_of(size_t whole) const { return whole == 0 ? base : ends[whole - 1]; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(event_record)

BOOST_AUTO_TEST_CASE(a_record_is_read_as_it_was_written) {
  const Records records;
  Event event;
  BOOST_REQUIRE((read_record(records.bytes, base, stream, event) == RecordState::whole));
  BOOST_TEST(event.bytes == "first");
  BOOST_TEST(event.seq == 0u);
  BOOST_TEST(event.time_unix_us == -7);
  BOOST_TEST((event.end == records.ends[0]));

  SlotSeqs next{};
  const ScanEnd end = scan_records(records.bytes, base, stream, next);
  BOOST_TEST((end.end == records.ends.back() && end.state == RecordState::blank));
  BOOST_TEST(next[0] == 2u);
  BOOST_TEST(next[1] == 2u);
}

BOOST_AUTO_TEST_CASE(a_scan_ends_before_the_record_that_any_changed_byte_belongs_to) {
  const Records records;
  for (size_t offset = 0; offset < records.bytes_used(); ++offset)
    for (const auto change : {std::byte{0x01}, std::byte{0x80}, std::byte{0xff}}) {
      std::vector<std::byte> changed = records.bytes;
      changed[offset] ^= change;
      SlotSeqs next{};
      const ScanEnd end = scan_records(changed, base, stream, next);
      const size_t whole = records.whole_before(offset);
      // Zeros that fill a record up to its place count for nothing.
      if (end.end == records.ends.back()) {
        BOOST_TEST(records.ends[whole].value - base.value - offset < 8u);
        continue;
      }
      BOOST_TEST((end.end == records.end_of(whole)), "byte " << offset);
    }
}

BOOST_AUTO_TEST_CASE(a_scan_of_a_part_finds_the_whole_records_of_it) {
  const Records records;
  for (size_t size = 0; size <= records.bytes_used(); ++size) {
    std::vector<std::byte> cut(records.bytes.begin(), records.bytes.begin() + static_cast<ptrdiff_t>(size));
    for (const size_t zeros : {size_t{0}, size_t{512}}) {
      cut.resize(size + zeros);
      SlotSeqs next{};
      const ScanEnd end = scan_records(cut, base, stream, next);
      // With zeros behind it, a record whose own last bytes were zeros is whole again.
      const size_t whole = records.whole_before(size);
      BOOST_TEST((end.end == records.end_of(whole) ||
                  (zeros > 0 && whole < records.ends.size() && end.end == records.end_of(whole + 1))));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_record_counts_in_its_own_place_and_stream_alone) {
  const Records records;
  Event event;
  BOOST_TEST((read_record(records.bytes, {base.value + 8}, stream, event) == RecordState::damaged));
  BOOST_TEST((read_record(records.bytes, base, {stream.high, 1}, event) == RecordState::damaged));
}

BOOST_AUTO_TEST_CASE(numbers_that_do_not_go_on_end_a_scan) {
  const Records records;
  SlotSeqs next{};
  next[1] = 1;
  const ScanEnd end = scan_records(records.bytes, base, stream, next);
  BOOST_TEST((end.end == records.ends[0] && end.state == RecordState::damaged));
}

BOOST_AUTO_TEST_CASE(a_header_is_read_as_it_was_written_and_its_damage_is_seen) {
  SegmentHeader header{stream, 7, base, {}};
  header.first_seqs[63] = 9;
  std::vector<std::byte> bytes(segment_header_bytes);
  BOOST_TEST(!read_segment_header(bytes).value().has_value());
  write_segment_header(header, bytes.data());
  BOOST_TEST((read_segment_header(bytes).value().value() == header));

  for (size_t offset = 0; offset < 24 + sizeof(SegmentHeader); ++offset) {
    std::vector<std::byte> changed = bytes;
    changed[offset] ^= std::byte{0x10};
    const auto read = read_segment_header(changed);
    BOOST_TEST(!read.has_value(), "byte " << offset);
  }
  BOOST_TEST(!read_segment_header(std::span(bytes).first(100)).value().has_value());
}

BOOST_AUTO_TEST_SUITE_END()
