#include "runtime/observe/log.hpp"

#include <array>

#include "runtime/observe/log_sink.hpp"

namespace troupe::observe {
namespace {
constexpr std::array level_names{"debug", "info", "warn", "error", "off"};
}

std::string_view to_string(LogLevel level) noexcept {
  return level_names.at(static_cast<size_t>(level));
}

std::optional<LogLevel> log_level_from_name(std::string_view name) noexcept {
  for (size_t i = 0; i < level_names.size(); ++i)
    if (name == level_names[i]) return static_cast<LogLevel>(i);
  return std::nullopt;
}

Logger::Logger(std::shared_ptr<LogSink> sink, std::string_view component)
    : sink_(std::move(sink)), component_(std::make_shared<const std::string>(component)) {}

bool Logger::is_enabled(LogLevel level) const noexcept {
  return sink_ && sink_->is_enabled(level);
}

void Logger::write(LogLevel level, std::string_view message, std::span<const LogField> fields) const {
  sink_->write(level, *component_, message, fields);
}

}  // namespace troupe::observe
