#pragma once
// LogSink: where log lines go. Each node makes its own.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "runtime/observe/log.hpp"
#include "runtime/observe/recent_log.hpp"

namespace troupe::observe {

enum class LogFormat : uint8_t { text, json };

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::json;
  std::string file = {};               ///< Appended to; its folder is made. Empty: stderr.
  ByteCount file_bytes_max = 100_MiB;  ///< Then the file becomes FILE.1, and so on. At least 1 KiB.
  size_t old_files_max = 4;
  /// Lines that may wait for the disk; when full the oldest is dropped and counted. 0: each call writes by itself.
  size_t queue_lines_max = 8192;
  ByteCount recent_bytes_max = {};  ///< So much of the end is kept in memory too, for recent(); at least 1 KiB, or 0.
};

/// Thread-safe. Callers never wait for the disk, unless `queue_lines_max` is 0. Destruction writes what is queued.
class LogSink {
 public:
  /// io_error where the file cannot be opened; invalid_argument for limits that make no sense. `clock` stamps the lines
  /// and must outlive the sink.
  static Result<std::shared_ptr<LogSink>> open(const LogOptions& options, const Clock& clock);

  /// Hands each line (without newline) to `consumer` in the caller's thread, one at a time: for tests and simulation.
  /// Of the options only level and format count.
  static std::shared_ptr<LogSink> to_function(std::function<void(std::string_view line)> consumer,
                                              const LogOptions& options, const Clock& clock);

  ~LogSink();
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  bool is_enabled(LogLevel level) const noexcept {
    return level >= level_.load(std::memory_order_relaxed) && level != LogLevel::off;
  }
  /// Takes effect at once.
  void set_level(LogLevel level) noexcept { level_.store(level, std::memory_order_relaxed); }

  void write(LogLevel level, std::string_view component, std::string_view message, std::span<const LogField> fields);

  /// The last lines, where `recent_bytes_max` keeps them; else empty.
  std::unique_ptr<LogFiles> recent() const { return recent_ ? recent_->files() : nullptr; }

  uint64_t dropped_lines() const;  ///< Lost because the queue was full.
  uint64_t failed_writes() const;  ///< Lost because the disk refused.

 private:
  class Output;
  class FunctionOutput;
  class SpdlogOutput;

  LogSink(std::unique_ptr<Output> output, const LogOptions& options, const Clock& clock);

  std::unique_ptr<Output> output_;
  std::unique_ptr<RecentLog> recent_;
  const Clock& clock_;
  const LogFormat format_;
  std::atomic<LogLevel> level_;
};

}  // namespace troupe::observe
