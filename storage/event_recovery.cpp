#include "storage/event_recovery.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "storage/event_segment.hpp"

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view name_prefix = "segment-";
constexpr size_t index_digits = 16;

std::optional<uint64_t> index_of(std::string_view name) {
  if (!name.starts_with(name_prefix) || name.size() != name_prefix.size() + index_digits) return std::nullopt;
  uint64_t index = 0;
  const auto [end, error] = std::from_chars(name.data() + name_prefix.size(), name.data() + name.size(), index, 16);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return index;
}

struct SegmentFile {
  uint64_t index;
  fs::path path;
  uint64_t bytes = 0;
  int64_t time_unix_us = 0;
  std::optional<SegmentHeader> header;
  std::string problem;  ///< Why there is no header; empty where none was written.
};

Result<std::vector<SegmentFile>> list_segments(const fs::path& directory) {
  std::vector<SegmentFile> files;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error))
    if (const auto index = index_of(it->path().filename().string())) files.push_back({*index, it->path()});
  if (error) return fail(Errc::io_error, "cannot list {}: {}", directory.string(), error.message());
  std::ranges::sort(files, {}, &SegmentFile::index);
  return files;
}

Status read_header(SegmentFile& file) {
  TROUPE_TRY(const FileDescriptor opened, open_regular(file.path));
  struct stat facts {};
  if (::fstat(opened.get(), &facts) != 0) return fail(Errc::io_error, "cannot look at {}", file.path.string());
  file.bytes = static_cast<uint64_t>(facts.st_size);
  file.time_unix_us = facts.st_mtim.tv_sec * 1'000'000 + facts.st_mtim.tv_nsec / 1000;
  if (file.bytes < segment_header_bytes) return {};
  TROUPE_TRY(const std::string bytes, read_at(opened, 0, segment_header_bytes, file.path));
  auto header = read_segment_header(std::as_bytes(std::span(bytes)));
  if (header) {
    file.header = *header;
  } else if (header.error().code == Errc::corrupt_data) {
    file.problem = header.error().message;
  } else {
    return fail(header.error().code, "{}: {}", file.path.string(), header.error().message);
  }
  return {};
}

Status remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) return write_failure("remove", path, error.value());
  return {};
}

/// Reads the files in order, and cuts where they stop making sense.
class Finder {
 public:
  Finder(const fs::path& directory, const EventCheckpoint& checkpoint, WallTime now)
      : directory_(directory), checkpoint_(checkpoint), now_(now) {}

  Result<FoundEvents> find() {
    TROUPE_TRY(files_, list_segments(directory_));
    for (SegmentFile& file : files_) TROUPE_CHECK(read_header(file));
    for (size_t i = 0; i < files_.size(); ++i) {
      TROUPE_TRY(const bool goes_on, add(i));
      if (!goes_on) break;
    }
    if (found_.end < checkpoint_.synced) return fail(damaged(next_path(), 0, "it is missing"));
    // From the newest, so that none is missing between others if this is interrupted.
    for (size_t i = files_.size(); i-- > found_.segments.size();) TROUPE_CHECK(remove_file(files_[i].path));
    TROUPE_CHECK(sync_directory(directory_));
    return std::move(found_);
  }

 private:
  fs::path next_path() const {
    return directory_ / segment_file_name(found_.segments.empty() ? 0 : found_.segments.back().header.index + 1);
  }

  /// False where the log ends before or in this file.
  Result<bool> add(size_t i) {
    const SegmentFile& file = files_[i];
    if (!file.header && file.problem.empty()) return stop(file, 0, "nothing was written to it", false);
    if (!file.header) return stop(file, 0, file.problem, true);
    if (file.header->stream != checkpoint_.stream)
      return fail(damaged(file.path, 0,
                          fmt::format("it is of the stream {}, and the checkpoint of {}", file.header->stream.str(),
                                      checkpoint_.stream.str())));
    if (const std::string odd = out_of_order(file); !odd.empty()) return stop(file, 0, odd, true);
    if (found_.segments.empty()) {
      found_.end = file.header->base;
      found_.next = file.header->first_seqs;
    }
    const SegmentHeader* after = i + 1 < files_.size() && files_[i + 1].header ? &*files_[i + 1].header : nullptr;
    // What ends before the synced position was whole when it was synced; who reads it checks it again.
    if (after != nullptr && after->base <= checkpoint_.synced) return skip(file, *after);
    return scan(file);
  }

  std::string out_of_order(const SegmentFile& file) const {
    const SegmentHeader& header = *file.header;
    if (header.index != file.index) return fmt::format("its header is that of segment {}", header.index);
    if (found_.segments.empty()) return {};
    if (file.index != found_.segments.back().header.index + 1)
      return fmt::format("{} is missing before it", next_path().string());
    if (header.base != found_.end || header.first_seqs != found_.next)
      return fmt::format("it goes on at {}, but what lies before it ends at {}", header.base.value, found_.end.value);
    return {};
  }

  Result<bool> skip(const SegmentFile& file, const SegmentHeader& after) {
    if (after.index != file.index + 1)
      return fail(damaged(directory_ / segment_file_name(file.index + 1), 0, "it is missing"));
    const uint64_t used = segment_header_bytes + (after.base.value - file.header->base.value);
    if (after.base <= file.header->base || file.bytes < used)
      return fail(damaged(file.path, file.bytes, fmt::format("it should have {} bytes", used)));
    found_.end = after.base;
    found_.next = after.first_seqs;
    TROUPE_TRY(FoundSegment kept, end_at(file, used));
    found_.segments.push_back(std::move(kept));
    return true;
  }

  Result<bool> scan(const SegmentFile& file) {
    TROUPE_TRY(const auto segment, EventSegment::map(file.path));
    const LogPosition base = file.header->base;
    const auto scanned =
        scan_records(segment->bytes().subspan(segment_header_bytes), base, checkpoint_.stream, found_.next);
    const uint64_t used = segment_header_bytes + (scanned.end.value - base.value);
    found_.end = scanned.end;
    const bool is_damaged = scanned.state == RecordState::damaged;
    // Before anything is cut. (Files that end before the synced position are skipped.)
    if (found_.end < checkpoint_.synced)
      return fail(damaged(file.path, used, is_damaged ? "a record is damaged" : "a record is missing"));
    found_.is_torn |= is_damaged;
    if (scanned.end == base) return false;
    TROUPE_TRY(FoundSegment kept, end_at(file, used));
    found_.segments.push_back(std::move(kept));
    return !is_damaged;
  }

  /// What is not synced may be torn; anything else is damage.
  Result<bool> stop(const SegmentFile& file, uint64_t offset, std::string_view why, bool is_torn) {
    if (found_.end < checkpoint_.synced) return fail(damaged(file.path, offset, why));
    found_.is_torn |= is_torn;
    return false;
  }

  /// Gives back the room behind the last record, and syncs what may not be.
  Result<FoundSegment> end_at(const SegmentFile& file, uint64_t used) const {
    if (file.bytes == used && found_.end <= checkpoint_.synced)
      return FoundSegment{file.path, *file.header, found_.end, used, file.time_unix_us};
    const FileDescriptor opened(::open(file.path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!opened) return write_failure("open", file.path, errno);
    TROUPE_CHECK(cut_segment(opened, file.path, used, now_));
    TROUPE_CHECK(sync_file(opened, file.path));
    return FoundSegment{file.path, *file.header, found_.end, used, unix_microseconds(now_)};
  }

  Error damaged(const fs::path& path, uint64_t offset, std::string_view why) const {
    return {
        Errc::corrupt_data,
        fmt::format("the event log in {0} is damaged: {1}, offset {2}: {3}, although the log was synced up to "
                    "position {4}. Move {0} away to begin anew; events that no store has acknowledged are lost then",
                    directory_.string(), path.string(), offset, why, checkpoint_.synced.value),
        {},
        {}};
  }

  const fs::path& directory_;
  const EventCheckpoint& checkpoint_;
  const WallTime now_;
  std::vector<SegmentFile> files_;
  FoundEvents found_;
};

}  // namespace

std::string segment_file_name(uint64_t index) {
  return fmt::format("{}{:016x}", name_prefix, index);
}

Result<FoundEvents> find_events(const fs::path& directory, const EventCheckpoint& checkpoint, WallTime now) {
  return Finder(directory, checkpoint, now).find();
}

bool has_segments(const fs::path& directory) {
  const auto files = list_segments(directory);
  return files && !files->empty();
}

}  // namespace troupe::storage
