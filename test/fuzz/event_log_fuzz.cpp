// Any bytes as what an event log finds on its disk. The first byte chooses: a segment's records, a segment's header,
// the checkpoint, or a whole folder, which is opened, goes on, and is found whole when it is opened again.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/base/assert.hpp"
#include "storage/event_log.hpp"

namespace {

using namespace troupe;
using namespace troupe::storage;

constexpr StreamId stream{1, 2};

void try_records(std::span<const std::byte> bytes) {
  SlotSeqs next{};
  const ScanEnd end = scan_records(bytes, {}, stream, next);
  TROUPE_ASSERT(end.end.value <= bytes.size());
  LogPosition at;
  Event event;
  for (; at < end.end; at = event.end)
    TROUPE_ASSERT(read_record(bytes.subspan(at.value), at, stream, event) == RecordState::whole);
  TROUPE_ASSERT(at == end.end);
}

void try_header(std::span<const std::byte> bytes) {
  const auto header = read_segment_header(bytes);
  if (!header || !*header) return;
  std::array<std::byte, segment_header_bytes> written{};
  write_segment_header(**header, written.data());
  TROUPE_ASSERT(read_segment_header(written).value() == *header);
}

void try_checkpoint(std::string_view bytes) {
  const auto copy = decode_checkpoint(bytes);
  if (!copy || !*copy) return;
  const std::string written = encode_checkpoint((*copy)->checkpoint, (*copy)->generation);
  TROUPE_ASSERT(decode_checkpoint(written).value()->checkpoint == (*copy)->checkpoint);
}

/// In memory, where it is fast. It goes with the process.
struct Folder {
  std::filesystem::path path;

  Folder() {
    std::string pattern = "/dev/shm/troupe-fuzz-XXXXXX";
    TROUPE_ASSERT(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }

  void clear() const {
    for (const auto& entry : std::filesystem::directory_iterator(path)) std::filesystem::remove_all(entry.path());
  }
  void write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
  }
};

/// Records with right checksums, one per input byte; a byte from 0xf0 on flips the low bits of the record before it.
std::string segment_of(std::string_view script) {
  std::string bytes(segment_header_bytes, '\0');
  write_segment_header({stream, 0, {}, {}}, reinterpret_cast<std::byte*>(bytes.data()));
  SlotSeqs next{};
  size_t last = bytes.size();
  for (const char step : script.substr(0, 256)) {
    const auto value = static_cast<uint8_t>(step);
    if (value >= 0xf0 && last < bytes.size()) {
      const size_t at = last + value * size_t{7} % (bytes.size() - last);
      bytes[at] = static_cast<char>(bytes[at] ^ (value & 0x0f));
      continue;
    }
    const std::string payload(value / event_slots, 'p');
    const auto slot = static_cast<uint8_t>(value % event_slots);
    last = bytes.size();
    bytes.resize(last + record_bytes(payload.size()));
    write_record({slot, next[slot]++, 0, payload, {}}, hash_payload(payload), {last - segment_header_bytes}, stream,
                 reinterpret_cast<std::byte*>(bytes.data() + last));
  }
  return bytes;
}

Result<std::unique_ptr<EventLog>> open(const Folder& folder) {
  static const SystemClock clock;
  SeededRandom random{1};
  return EventLog::open(folder.path, {.segment_bytes = 128_KiB, .bytes_max = 1_MiB}, clock, random);
}

/// How many events there are, each in its turn.
uint64_t count(const EventLog& log) {
  SlotSeqs next{};
  uint64_t read = 0;
  EventReader reader = log.read_from(log.stats().oldest);
  while (true) {
    const auto events = reader.next(100, 1 << 20);
    TROUPE_ASSERT(events.has_value());
    if (events->empty()) return read;
    for (const Event& event : *events) TROUPE_ASSERT(event.seq == next[event.slot]++);
    read += events->size();
  }
}

/// The first two bytes say up to where it was synced.
void try_folder(std::string_view bytes) {
  static const Folder folder;
  if (bytes.size() < 2) return;
  folder.clear();
  const LogPosition synced{static_cast<uint8_t>(bytes[0]) * uint64_t{256} + static_cast<uint8_t>(bytes[1])};
  folder.write("checkpoint", encode_checkpoint({.stream = stream, .synced = synced}, 1));
  folder.write(segment_file_name(0), segment_of(bytes.substr(2)));
  uint64_t found = 0;
  {
    const auto log = open(folder);
    if (!log) {
      TROUPE_ASSERT(log.error().code == Errc::corrupt_data && !log.error().message.empty());
      return;
    }
    found = count(**log);
    TROUPE_ASSERT((*log)->append(0, 0, "goes on").has_value());
  }
  const auto again = open(folder);
  TROUPE_ASSERT(again.has_value() && count(**again) == found + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      try_records(std::as_bytes(std::span(rest)));
      break;
    case 1:
      try_header(std::as_bytes(std::span(rest)));
      break;
    case 2:
      try_checkpoint(rest);
      break;
    default:
      try_folder(rest);
      break;
  }
  return 0;
}
