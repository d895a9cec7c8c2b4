#pragma once
// How events lie in the segment files of an EventLog, byte for byte. Pure: memory in, memory out, any thread.
//
// A segment is a header of segment_header_bytes, then records, each at a multiple of 8, then zeros. All numbers are
// little-endian:
//
//   record   u32 payload size + 1 | u32 slot | u64 sequence number | i64 time | u64 checksum | payload | zeros to 8
//
// The first word is written last, with release order: a process that is killed leaves a whole record or none. After a
// loss of power pages may be missing in any order, which the checksum tells: XXH3 over the fields, the payload's XXH3,
// the record's position and the stream, so that no record counts in a place that is not its own.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"

namespace troupe::storage {

inline constexpr uint8_t event_slots = 64;
/// Of one event.
inline constexpr ByteCount event_bytes_max = 64_KiB;
inline constexpr size_t segment_header_bytes = 4096;
inline constexpr size_t record_header_bytes = 32;

/// A number per slot.
using SlotSeqs = std::array<uint64_t, event_slots>;

/// 128 random bits: one log from its making until it is thrown away.
struct StreamId {
  uint64_t high = 0;
  uint64_t low = 0;

  bool operator==(const StreamId&) const = default;
  /// 32 lower-case hex digits.
  std::string str() const;
};

/// A place between two events in the order of all appends. Opaque but for its order; the beginning is 0.
struct LogPosition {
  uint64_t value = 0;
  auto operator<=>(const LogPosition&) const = default;
};

struct Event {
  uint8_t slot = 0;
  uint64_t seq = 0;
  int64_t time_unix_us = 0;  ///< As it was given.
  std::string_view bytes;    ///< Into the memory that was read.
  LogPosition end;           ///< Where the next one begins.
};

struct SegmentHeader {
  StreamId stream;
  uint64_t index = 0;     ///< Segments are counted from 0.
  LogPosition base;       ///< Of its first record.
  SlotSeqs first_seqs{};  ///< The next sequence numbers where it begins.

  bool operator==(const SegmentHeader&) const = default;
};

/// Fills `to`, segment_header_bytes of zeros; it is valid when this returns and not before.
void write_segment_header(const SegmentHeader& header, std::byte* to) noexcept;
/// None where no header was written or none to its end. Errors: corrupt_data (it is damaged), failed_precondition (a
/// newer troupe's); neither names the file.
Result<std::optional<SegmentHeader>> read_segment_header(std::span<const std::byte> segment);

/// What a payload takes in a segment.
constexpr size_t record_bytes(size_t payload_bytes) noexcept {
  return (record_header_bytes + payload_bytes + 7) / 8 * 8;
}
/// What write_record() is told, so that this is done before its caller takes a lock.
uint64_t hash_payload(std::string_view payload) noexcept;
/// Writes to zeroed memory of record_bytes(); `event.end` is not looked at.
void write_record(const Event& event, uint64_t payload_hash, LogPosition at, const StreamId& stream,
                  std::byte* to) noexcept;

enum class RecordState : uint8_t {
  whole,
  blank,    ///< Nothing was written here, or not to its end.
  damaged,  ///< What is here is no record of this stream at this position.
};
/// Reads the record at the beginning of `from`, which ends where the segment does. `event` is set where it is whole.
RecordState read_record(std::span<const std::byte> from, LogPosition at, const StreamId& stream, Event& event) noexcept;

struct ScanEnd {
  LogPosition end;    ///< Behind the last whole record.
  RecordState state;  ///< What is there: blank or damaged.
};
/// Walks whole records whose sequence numbers go on from `next`, which is advanced. `records` begins at `base`.
ScanEnd scan_records(std::span<const std::byte> records, LogPosition base, const StreamId& stream,
                     SlotSeqs& next) noexcept;

}  // namespace troupe::storage
