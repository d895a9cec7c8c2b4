#include "storage/event_record.hpp"

#include <xxhash.h>

#include <atomic>
#include <bit>
#include <cstring>

namespace troupe::storage {
namespace {

static_assert(std::endian::native == std::endian::little, "segments lie in memory as on disk");

constexpr uint64_t segment_magic = 0x31474f4c'54564554;  // "TEVTLOG1"
constexpr uint64_t segment_version = 1;

/// As it lies on disk.
struct RawHeader {
  uint64_t magic;
  uint64_t version;
  uint64_t checksum;  ///< Of what follows.
  SegmentHeader header;
};
static_assert(sizeof(RawHeader) == 24 + 32 + 8 * event_slots && sizeof(RawHeader) <= segment_header_bytes);

struct RawRecord {
  uint32_t size_plus_one;
  uint32_t slot;
  uint64_t seq;
  int64_t time_unix_us;
  uint64_t checksum;
};
static_assert(sizeof(RawRecord) == record_header_bytes);

uint64_t checksum_of(const RawHeader& raw) noexcept {
  return XXH3_64bits_withSeed(&raw.header, sizeof raw.header, raw.version);
}

uint64_t checksum_of(const RawRecord& raw, uint64_t payload_hash, LogPosition at, const StreamId& stream) noexcept {
  const std::array<uint64_t, 7> fields{uint64_t{raw.slot} << 32 | raw.size_plus_one,
                                       raw.seq,
                                       static_cast<uint64_t>(raw.time_unix_us),
                                       payload_hash,
                                       at.value,
                                       stream.high,
                                       stream.low};
  return XXH3_64bits(fields.data(), sizeof fields);
}

}  // namespace

std::string StreamId::str() const {
  return fmt::format("{:016x}{:016x}", high, low);
}

void write_segment_header(const SegmentHeader& header, std::byte* to) noexcept {
  RawHeader raw{0, segment_version, 0, header};
  raw.checksum = checksum_of(raw);
  std::memcpy(to + sizeof raw.magic, reinterpret_cast<const std::byte*>(&raw) + sizeof raw.magic,
              sizeof raw - sizeof raw.magic);
  std::atomic_ref(*reinterpret_cast<uint64_t*>(to)).store(segment_magic, std::memory_order_release);
}

Result<std::optional<SegmentHeader>> read_segment_header(std::span<const std::byte> segment) {
  RawHeader raw{};
  if (segment.size() < segment_header_bytes) return std::nullopt;
  std::memcpy(&raw, segment.data(), sizeof raw);
  if (raw.magic == 0) return std::nullopt;
  if (raw.magic == segment_magic && raw.version > segment_version)
    return fail(Errc::failed_precondition, "it has the format {}; this troupe knows {}", raw.version, segment_version);
  if (raw.magic != segment_magic || raw.version != segment_version || raw.checksum != checksum_of(raw))
    return fail(Errc::corrupt_data, "its header is damaged");
  return raw.header;
}

uint64_t hash_payload(std::string_view payload) noexcept {
  return XXH3_64bits(payload.data(), payload.size());
}

void write_record(const Event& event, uint64_t payload_hash, LogPosition at, const StreamId& stream,
                  std::byte* to) noexcept {
  RawRecord raw{static_cast<uint32_t>(event.bytes.size() + 1), event.slot, event.seq, event.time_unix_us, 0};
  raw.checksum = checksum_of(raw, payload_hash, at, stream);
  constexpr size_t mark_bytes = sizeof raw.size_plus_one;
  std::memcpy(to + mark_bytes, reinterpret_cast<const std::byte*>(&raw) + mark_bytes, sizeof raw - mark_bytes);
  if (!event.bytes.empty()) std::memcpy(to + sizeof raw, event.bytes.data(), event.bytes.size());
  std::atomic_ref(*reinterpret_cast<uint32_t*>(to)).store(raw.size_plus_one, std::memory_order_release);
}

RecordState read_record(std::span<const std::byte> from, LogPosition at, const StreamId& stream,
                        Event& event) noexcept {
  RawRecord raw{};
  if (from.size() < sizeof raw) return RecordState::blank;
  std::memcpy(&raw, from.data(), sizeof raw);
  if (raw.size_plus_one == 0) return RecordState::blank;
  const size_t size = raw.size_plus_one - 1;
  if (size > event_bytes_max.value || record_bytes(size) > from.size() || raw.slot >= event_slots)
    return RecordState::damaged;
  const std::string_view payload(reinterpret_cast<const char*>(from.data()) + sizeof raw, size);
  if (raw.checksum != checksum_of(raw, hash_payload(payload), at, stream)) return RecordState::damaged;
  event = {static_cast<uint8_t>(raw.slot), raw.seq, raw.time_unix_us, payload, {at.value + record_bytes(size)}};
  return RecordState::whole;
}

ScanEnd scan_records(std::span<const std::byte> records, LogPosition base, const StreamId& stream,
                     SlotSeqs& next) noexcept {
  LogPosition at = base;
  Event event;
  while (true) {
    const RecordState state = read_record(records.subspan(at.value - base.value), at, stream, event);
    if (state != RecordState::whole) return {at, state};
    if (event.seq != next[event.slot]) return {at, RecordState::damaged};
    ++next[event.slot];
    at = event.end;
  }
}

}  // namespace troupe::storage
