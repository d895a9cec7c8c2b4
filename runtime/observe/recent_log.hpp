#pragma once
// RecentLog: the last lines of a log, in memory: for a process that logs to where it cannot read.

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "runtime/observe/log_pages.hpp"

namespace troupe::observe {

/// Two pieces of half its size, of which the older one goes when the newer one is full. Thread-safe.
class RecentLog {
 public:
  /// `first_key` is greater than what an earlier process gave, so that its readers are told what they have missed.
  RecentLog(ByteCount bytes_max, uint64_t first_key) : piece_bytes_(bytes_max.value / 2), key_(first_key) {}

  /// A line without its end.
  void append(std::string_view line);
  /// As it is now.
  std::unique_ptr<LogFiles> files() const;

 private:
  const uint64_t piece_bytes_;
  mutable std::mutex mutex_;
  uint64_t key_;  ///< Of `newer_`.
  std::string older_;
  std::string newer_;
};

}  // namespace troupe::observe
