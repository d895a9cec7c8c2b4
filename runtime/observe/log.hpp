#pragma once
// Logger: structured logs of one component.
//
//   log.info("replica started", kv("replica", id), kv("model", name));
//
// gives {"ts":"…","level":"info","component":"worker","msg":"replica started","replica":"00c0ffee00c0ffee",…}.

#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "runtime/base/ids.hpp"

namespace troupe::observe {

class LogSink;

enum class LogLevel : uint8_t { debug, info, warn, error, off };

/// "debug", "info", "warn", "error", "off"; as `--log-level` takes them.
std::string_view to_string(LogLevel level) noexcept;
std::optional<LogLevel> log_level_from_name(std::string_view name) noexcept;

/// An id that appears as sixteen hex digits.
struct HexId {
  uint64_t value;
};

/// A key and a view of its value, good until the end of the statement. Keys are our literals in snake_case; a number's
/// unit ends its key ("wait_us").
struct LogField {
  std::string_view key;
  std::variant<bool, int64_t, uint64_t, double, HexId, std::string_view> value;
};

inline LogField kv(std::string_view key, bool value) {
  return {key, value};
}
template <std::signed_integral T>
LogField kv(std::string_view key, T value) {
  return {key, int64_t{value}};
}
template <std::unsigned_integral T>
requires(!std::same_as<T, bool>) LogField kv(std::string_view key, T value) {
  return {key, uint64_t{value}};
}
inline LogField kv(std::string_view key, double value) {
  return {key, value};
}
inline LogField kv(std::string_view key, std::string_view value) {
  return {key, value};
}
inline LogField kv(std::string_view key, const char* value) {
  return {key, std::string_view(value)};
}
inline LogField kv(std::string_view key, const std::string& value) {
  return {key, std::string_view(value)};
}
template <class Tag>
LogField kv(std::string_view key, Id64<Tag> value) {
  return {key, HexId{value.value}};
}

/// A handle: cheap to copy, thread-safe, keeps its sink alive. One that is default-constructed drops everything. Where
/// the level is off a call costs a load and a branch.
class Logger {
 public:
  Logger() = default;
  Logger(std::shared_ptr<LogSink> sink, std::string_view component);

  /// Another component on the same sink.
  Logger with_component(std::string_view component) const { return Logger(sink_, component); }

  bool is_enabled(LogLevel level) const noexcept;

  template <std::same_as<LogField>... Fields>
  void debug(std::string_view message, const Fields&... fields) const {
    write_if(LogLevel::debug, message, fields...);
  }
  template <std::same_as<LogField>... Fields>
  void info(std::string_view message, const Fields&... fields) const {
    write_if(LogLevel::info, message, fields...);
  }
  template <std::same_as<LogField>... Fields>
  void warn(std::string_view message, const Fields&... fields) const {
    write_if(LogLevel::warn, message, fields...);
  }
  template <std::same_as<LogField>... Fields>
  void error(std::string_view message, const Fields&... fields) const {
    write_if(LogLevel::error, message, fields...);
  }

 private:
  template <class... Fields>
  void write_if(LogLevel level, std::string_view message, const Fields&... fields) const {
    if (!is_enabled(level)) return;
    const std::array<LogField, sizeof...(Fields)> all{fields...};
    write(level, message, all);
  }
  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) const;

  std::shared_ptr<LogSink> sink_;
  std::shared_ptr<const std::string> component_;
};

}  // namespace troupe::observe
