#pragma once
// ReplicaLog: what a back end's process writes to stdout and stderr, the last of it kept on disk.
//
// Each line is kept behind the time of its first byte: "2026-11-21T04:05:06.123Z loading". A log is cut into segments
// of half its size; the two newest are kept, as FOLDER/ID.NUMBER.log, beside FOLDER/ID.about, which says whose it is.
// The processes of a replica write one behind the other.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "runtime/observe/log_files.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::worker {

inline constexpr ByteCount replica_log_bytes_max = 1_MiB;
/// Logs of so many replicas are kept in a folder, and those that are being written: those of dead ones are what people
/// look for.
inline constexpr size_t replica_logs_max = 64;

/// Whose log it is.
struct LogOwner {
  ReplicaId replica;
  std::string deployment;
  std::string model;
  std::string version;

  bool operator==(const LogOwner&) const = default;
};

inline LogOwner owner_of(const protocol::ReplicaSpec& spec) {
  return {spec.id, spec.deployment, spec.model, spec.version};
}

/// Writes. One thread at a time.
class ReplicaLog {
 public:
  /// Goes on behind what is there; removes the oldest logs of a full folder. io_error where the folder can't be
  /// written.
  static Result<ReplicaLog> open(const std::filesystem::path& folder, const LogOwner& owner,
                                 ByteCount bytes_max = replica_log_bytes_max);
  ReplicaLog(ReplicaLog&& other) noexcept;
  ReplicaLog& operator=(ReplicaLog&&) = delete;
  ~ReplicaLog();

  /// A full disk loses bytes, nothing else.
  void append(std::string_view bytes, WallTime now);
  /// The last line that is not empty, at most 512 bytes of it.
  const std::string& last_line() const { return line_.empty() ? last_line_ : line_; }

 private:
  ReplicaLog(std::filesystem::path folder, ReplicaId replica, uint64_t segment_bytes, uint64_t offset)
      : folder_(std::move(folder)), replica_(replica), segment_bytes_(segment_bytes), offset_(offset) {}

  void open_segment();
  void write(std::string_view bytes);
  void note_line(std::string_view text, bool is_whole);

  std::filesystem::path folder_;
  ReplicaId replica_;
  uint64_t segment_bytes_;
  uint64_t offset_;
  int fd_ = -1;
  bool in_line_ = false;  ///< What was written last is no end of a line.
  std::string line_;      ///< The one that is being written.
  std::string last_line_;
};

struct ReplicaLogInfo {
  LogOwner owner;  ///< Names are empty where they are not known any more.
  ByteCount bytes;
  WallTime written{};  ///< When that last happened.
};

/// The logs in `folder`, the one that was written to last first.
std::vector<ReplicaLogInfo> list_replica_logs(const std::filesystem::path& folder);

/// not_found where the replica has no log here.
Result<observe::OpenLogFiles> open_replica_log(const std::filesystem::path& folder, ReplicaId replica);

}  // namespace troupe::worker
