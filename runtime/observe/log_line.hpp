#pragma once
// One log line as text. Pure; for LogSink.

#include <span>
#include <string>
#include <string_view>

#include "runtime/base/clock.hpp"
#include "runtime/observe/log.hpp"

namespace troupe::observe {

/// Longer strings in a line, its message too, are cut here.
inline constexpr size_t log_string_bytes_max = 4096;

struct LogRecord {
  WallTime time;
  LogLevel level;
  std::string_view component;
  std::string_view message;
  std::span<const LogField> fields;
};

/// {"ts":"…","level":"info","component":"gateway","msg":"…","key":value,…}: one line of valid JSON whatever the strings
/// hold, without the newline. Numbers that JSON does not have (NaN, infinity) are null.
std::string json_line(const LogRecord& record);

/// 2026-11-21T04:05:06.123Z info  gateway: message key=value other="two words"
std::string text_line(const LogRecord& record);

}  // namespace troupe::observe
