#include "actors/worker/replica_log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <set>

namespace troupe::worker {

namespace fs = std::filesystem;

namespace {

constexpr size_t line_bytes_max = 512;
constexpr size_t id_digits = 16;
constexpr std::string_view log_end = ".log";

fs::path segment_path(const fs::path& folder, ReplicaId replica, uint64_t number) {
  return folder / fmt::format("{}.{}.log", replica.str(), number);
}

fs::path about_path(const fs::path& folder, ReplicaId replica) {
  return folder / (replica.str() + ".about");
}

/// A file of a log, as its name says.
struct Segment {
  ReplicaId replica;
  uint64_t number = 0;
};

std::optional<Segment> parse_segment(std::string_view name) {
  if (!name.ends_with(log_end) || name.size() <= id_digits || name[id_digits] != '.') return std::nullopt;
  Segment segment;
  const char* const id_end = name.data() + id_digits;
  const char* const end = name.data() + name.size() - log_end.size();
  if (std::from_chars(name.data(), id_end, segment.replica.value, 16).ptr != id_end) return std::nullopt;
  if (std::from_chars(id_end + 1, end, segment.number).ptr != end) return std::nullopt;
  return segment;
}

/// Segments of all logs in a folder, or of one replica's.
std::map<ReplicaId, std::set<uint64_t>> segments_in(const fs::path& folder) {
  std::map<ReplicaId, std::set<uint64_t>> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (const auto segment = parse_segment(entry.path().filename().string()))
      found[segment->replica].insert(segment->number);
  return found;
}

std::set<uint64_t> segments_of(const fs::path& folder, ReplicaId replica) {
  return segments_in(folder)[replica];
}

uint64_t size_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? 0 : size;
}

bool ends_in_line(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(-1, std::ios::end);
  const int last = stream.get();
  return stream.good() && last != '\n';
}

/// Whether somebody has it open to write.
bool is_written(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return false;
  const bool is_free = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  ::close(fd);
  return !is_free;
}

/// Removes the logs that nobody has written to for longest until there is room for one more.
void make_room(const fs::path& folder, ReplicaId replica) {
  std::error_code ignored;
  std::vector<std::pair<fs::file_time_type, ReplicaId>> ended;
  const auto logs = segments_in(folder);
  for (const auto& [id, numbers] : logs) {
    const fs::path newest = segment_path(folder, id, *numbers.rbegin());
    if (id != replica && !is_written(newest)) ended.emplace_back(fs::last_write_time(newest, ignored), id);
  }
  std::ranges::sort(ended);
  for (size_t i = 0; i + replica_logs_max <= ended.size(); ++i) {
    const ReplicaId id = ended[i].second;
    for (const uint64_t number : logs.at(id)) fs::remove(segment_path(folder, id, number), ignored);
    fs::remove(about_path(folder, id), ignored);
  }
}

/// A name a line.
LogOwner read_owner(const fs::path& folder, ReplicaId replica) {
  LogOwner owner;
  owner.replica = replica;
  std::ifstream file(about_path(folder, replica));
  std::getline(file, owner.deployment);
  std::getline(file, owner.model);
  std::getline(file, owner.version);
  return owner;
}

void write_owner(const fs::path& folder, const LogOwner& owner) {
  if (read_owner(folder, owner.replica) == owner) return;
  std::ofstream file(about_path(folder, owner.replica), std::ios::trunc);
  file << owner.deployment << '\n' << owner.model << '\n' << owner.version << '\n';
}

}  // namespace

Result<ReplicaLog> ReplicaLog::open(const fs::path& folder, const LogOwner& owner, ByteCount bytes_max) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(Errc::io_error, "cannot make the folder {}: {}", folder.string(), error.message());
  make_room(folder, owner.replica);
  write_owner(folder, owner);
  const uint64_t segment_bytes = std::max<uint64_t>(1, bytes_max.value / 2);
  const auto segments = segments_of(folder, owner.replica);
  uint64_t offset = 0;
  bool in_line = false;
  if (!segments.empty()) {
    const fs::path newest = segment_path(folder, owner.replica, *segments.rbegin());
    offset = *segments.rbegin() * segment_bytes + size_of(newest);
    in_line = ends_in_line(newest);
  }
  ReplicaLog log(folder, owner.replica, segment_bytes, offset);
  log.open_segment();
  if (log.fd_ < 0)
    return fail(Errc::io_error, "cannot write {}: {}",
                segment_path(folder, owner.replica, offset / segment_bytes).string(), std::strerror(errno));
  // The last process did not end its last line.
  if (in_line) log.write("\n");
  return log;
}

ReplicaLog::ReplicaLog(ReplicaLog&& other) noexcept
    : folder_(std::move(other.folder_)),
      replica_(other.replica_),
      segment_bytes_(other.segment_bytes_),
      offset_(other.offset_),
      fd_(std::exchange(other.fd_, -1)),
      in_line_(other.in_line_),
      line_(std::move(other.line_)),
      last_line_(std::move(other.last_line_)) {}

ReplicaLog::~ReplicaLog() {
  if (fd_ >= 0) ::close(fd_);
}

void ReplicaLog::open_segment() {
  if (fd_ >= 0) ::close(fd_);
  const uint64_t number = offset_ / segment_bytes_;
  fd_ = ::open(segment_path(folder_, replica_, number).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  // Shared, as a replica's environment may still be made while its next process starts: is_written() asks for it.
  if (fd_ >= 0) ::flock(fd_, LOCK_SH);
  std::error_code ignored;
  for (const uint64_t old : segments_of(folder_, replica_)) {
    if (old + 1 < number) fs::remove(segment_path(folder_, replica_, old), ignored);
  }
}

void ReplicaLog::append(std::string_view bytes, WallTime now) {
  const std::string time = to_iso8601(now) + ' ';
  std::string kept;
  while (!bytes.empty()) {
    const size_t newline = bytes.find('\n');
    const bool is_whole = newline != std::string_view::npos;
    const std::string_view text = bytes.substr(0, is_whole ? newline + 1 : bytes.size());
    if (!in_line_) kept += time;
    kept += text;
    note_line(text.substr(0, newline), is_whole);
    in_line_ = !is_whole;
    bytes.remove_prefix(text.size());
  }
  write(kept);
}

void ReplicaLog::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, segment_bytes_ - offset_ % segment_bytes_);
    const ssize_t written = ::write(fd_, piece.data(), piece.size());
    if (written <= 0) return;
    offset_ += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
    if (offset_ % segment_bytes_ == 0) open_segment();
  }
}

void ReplicaLog::note_line(std::string_view text, bool is_whole) {
  line_ += text.substr(0, line_bytes_max - std::min(line_bytes_max, line_.size()));
  if (!is_whole) return;
  if (line_.find_first_not_of(" \t\r") != std::string::npos) last_line_ = std::move(line_);
  line_.clear();
}

std::vector<ReplicaLogInfo> list_replica_logs(const fs::path& folder) {
  std::vector<ReplicaLogInfo> logs;
  for (const auto& [id, numbers] : segments_in(folder)) {
    const auto files = open_replica_log(folder, id);
    if (!files) continue;  // It made room meanwhile.
    ReplicaLogInfo& info = logs.emplace_back();
    info.owner = read_owner(folder, id);
    for (const auto& file : files->files()) info.bytes.value += file.bytes;
    info.written = files->last_written();
  }
  std::ranges::sort(logs, std::greater<>{}, &ReplicaLogInfo::written);
  return logs;
}

Result<observe::OpenLogFiles> open_replica_log(const fs::path& folder, ReplicaId replica) {
  observe::OpenLogFiles files;
  for (const uint64_t number : segments_of(folder, replica))
    files.add(segment_path(folder, replica, number), number + 1);
  if (files.files().empty()) return fail(Errc::not_found, "replica {} has no log on this node", replica.str());
  return files;
}

}  // namespace troupe::worker
