#include "actors/worker/replica_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <map>
#include <set>

namespace troupe::worker {

namespace fs = std::filesystem;

namespace {

constexpr size_t line_bytes_max = 512;

fs::path segment_path(const fs::path& folder, ReplicaId replica, uint64_t number) {
  return folder / fmt::format("{}.{}.log", replica.str(), number);
}

/// Numbers of the segments that are there.
std::set<uint64_t> segments_of(const fs::path& folder, ReplicaId replica) {
  const std::string prefix = replica.str() + ".";
  std::set<uint64_t> numbers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(".log")) continue;
    uint64_t number = 0;
    const char* const end = name.data() + name.size() - 4;
    if (std::from_chars(name.data() + prefix.size(), end, number).ptr == end) numbers.insert(number);
  }
  return numbers;
}

uint64_t size_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? 0 : size;
}

/// Removes the logs that nobody has written to for longest until there is room for one more.
void make_room(const fs::path& folder, ReplicaId replica) {
  std::map<std::string, fs::file_time_type> newest;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const std::string id = name.substr(0, name.find('.'));
    if (id == replica.str() || !name.ends_with(".log")) continue;
    const auto written = entry.last_write_time(error);
    auto& last = newest.try_emplace(id, written).first->second;
    last = std::max(last, written);
  }
  while (newest.size() >= replica_logs_max) {
    const auto oldest = std::min_element(newest.begin(), newest.end(),
                                         [](const auto& a, const auto& b) { return a.second < b.second; });
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().filename().string().starts_with(oldest->first + ".")) fs::remove(entry.path(), error);
    }
    newest.erase(oldest);
  }
}

}  // namespace

Result<ReplicaLog> ReplicaLog::open(const fs::path& folder, ReplicaId replica, ByteCount bytes_max) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(Errc::io_error, "cannot make the folder {}: {}", folder.string(), error.message());
  make_room(folder, replica);
  const uint64_t segment_bytes = std::max<uint64_t>(1, bytes_max.value / 2);
  const auto segments = segments_of(folder, replica);
  uint64_t offset = 0;
  if (!segments.empty())
    offset = *segments.rbegin() * segment_bytes + size_of(segment_path(folder, replica, *segments.rbegin()));
  ReplicaLog log(folder, replica, segment_bytes, offset);
  log.open_segment();
  if (log.fd_ < 0)
    return fail(Errc::io_error, "cannot write {}: {}", segment_path(folder, replica, offset / segment_bytes).string(),
                std::strerror(errno));
  return log;
}

ReplicaLog::ReplicaLog(ReplicaLog&& other) noexcept
    : folder_(std::move(other.folder_)),
      replica_(other.replica_),
      segment_bytes_(other.segment_bytes_),
      offset_(other.offset_),
      fd_(std::exchange(other.fd_, -1)),
      line_(std::move(other.line_)),
      last_line_(std::move(other.last_line_)) {}

ReplicaLog::~ReplicaLog() {
  if (fd_ >= 0) ::close(fd_);
}

void ReplicaLog::open_segment() {
  if (fd_ >= 0) ::close(fd_);
  const uint64_t number = offset_ / segment_bytes_;
  fd_ = ::open(segment_path(folder_, replica_, number).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  std::error_code ignored;
  for (const uint64_t old : segments_of(folder_, replica_)) {
    if (old + 1 < number) fs::remove(segment_path(folder_, replica_, old), ignored);
  }
}

void ReplicaLog::append(std::string_view bytes) {
  note_lines(bytes);
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, segment_bytes_ - offset_ % segment_bytes_);
    const ssize_t written = ::write(fd_, piece.data(), piece.size());
    if (written <= 0) return;
    offset_ += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
    if (offset_ % segment_bytes_ == 0) open_segment();
  }
}

void ReplicaLog::note_lines(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') {
      if (line_.find_first_not_of(" \t\r") != std::string::npos) last_line_ = std::move(line_);
      line_.clear();
    } else if (line_.size() < line_bytes_max) {
      line_.push_back(c);
    }
  }
}

Result<LogPiece> read_replica_log(const fs::path& folder, ReplicaId replica, uint64_t offset, size_t bytes_max,
                                  ByteCount log_bytes_max) {
  const uint64_t segment_bytes = std::max<uint64_t>(1, log_bytes_max.value / 2);
  const auto segments = segments_of(folder, replica);
  if (segments.empty()) return fail(Errc::not_found, "replica {} has written nothing here", replica.str());
  LogPiece piece;
  piece.end = std::max(offset, *segments.begin() * segment_bytes);
  for (const uint64_t number : segments) {
    const uint64_t first = number * segment_bytes;
    if (first + segment_bytes <= piece.end || piece.text.size() >= bytes_max) continue;
    std::ifstream file(segment_path(folder, replica, number), std::ios::binary);
    file.seekg(static_cast<std::streamoff>(piece.end - first));
    std::string text(bytes_max - piece.text.size(), '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())));
    piece.end += text.size();
    piece.text += text;
  }
  return piece;
}

Result<LogPiece> tail_replica_log(const fs::path& folder, ReplicaId replica, size_t lines, size_t bytes_max,
                                  ByteCount log_bytes_max) {
  TROUPE_TRY(LogPiece piece, read_replica_log(folder, replica, 0, log_bytes_max.value, log_bytes_max));
  std::string_view kept = piece.text;
  if (kept.size() > bytes_max) kept.remove_prefix(kept.size() - bytes_max);
  size_t begin = kept.size();
  for (size_t line = 0; line < lines && begin > 0; ++line) {
    const size_t newline = begin >= 2 ? kept.rfind('\n', begin - 2) : std::string_view::npos;
    begin = newline == std::string_view::npos ? 0 : newline + 1;
  }
  piece.text = std::string(kept.substr(begin));
  return piece;
}

}  // namespace troupe::worker
