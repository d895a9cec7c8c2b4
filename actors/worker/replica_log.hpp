#pragma once
// ReplicaLog: what a back end's process writes to stdout and stderr, the last of it kept on disk.
//
// A log is cut into segments of half its size; the two newest are kept, as FOLDER/ID.NUMBER.log. An offset counts the
// bytes since the replica began, over all its processes, so a reader can go on where it stopped.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"

namespace troupe::worker {

inline constexpr ByteCount replica_log_bytes_max = 1_MiB;
/// Logs of so many replicas are kept in a folder: those of dead ones are what people look for.
inline constexpr size_t replica_logs_max = 64;

/// Writes. One thread at a time.
class ReplicaLog {
 public:
  /// Goes on behind what is there; removes the oldest logs of a full folder. io_error where the folder can't be
  /// written.
  static Result<ReplicaLog> open(const std::filesystem::path& folder, ReplicaId replica,
                                 ByteCount bytes_max = replica_log_bytes_max);
  ReplicaLog(ReplicaLog&& other) noexcept;
  ReplicaLog& operator=(ReplicaLog&&) = delete;
  ~ReplicaLog();

  /// A full disk loses bytes, nothing else.
  void append(std::string_view bytes);
  /// The last line that is not empty, at most 512 bytes of it.
  const std::string& last_line() const { return line_.empty() ? last_line_ : line_; }

 private:
  ReplicaLog(std::filesystem::path folder, ReplicaId replica, uint64_t segment_bytes, uint64_t offset)
      : folder_(std::move(folder)), replica_(replica), segment_bytes_(segment_bytes), offset_(offset) {}

  void open_segment();
  void note_lines(std::string_view bytes);

  std::filesystem::path folder_;
  ReplicaId replica_;
  uint64_t segment_bytes_;
  uint64_t offset_;
  int fd_ = -1;
  std::string line_;  ///< The one that is being written.
  std::string last_line_;
};

/// A piece of a log: `text` ends at `end`.
struct LogPiece {
  std::string text;
  uint64_t end = 0;
};

/// What was written from `offset` on, at most `bytes_max` of it; from the oldest that is kept where that is gone.
/// not_found where the replica has no log here.
Result<LogPiece> read_replica_log(const std::filesystem::path& folder, ReplicaId replica, uint64_t offset,
                                  size_t bytes_max, ByteCount log_bytes_max = replica_log_bytes_max);
/// The last `lines` lines.
Result<LogPiece> tail_replica_log(const std::filesystem::path& folder, ReplicaId replica, size_t lines,
                                  size_t bytes_max, ByteCount log_bytes_max = replica_log_bytes_max);

}  // namespace troupe::worker
