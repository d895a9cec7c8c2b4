#include "runtime/observe/log_sink.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <mutex>

#include "runtime/observe/log_line.hpp"

namespace troupe::observe {

class LogSink::Output {
 public:
  virtual ~Output() = default;
  virtual void write(std::string_view line) = 0;
  virtual uint64_t dropped_lines() const { return 0; }
  virtual uint64_t failed_writes() const { return 0; }
};

class LogSink::FunctionOutput final : public Output {
 public:
  explicit FunctionOutput(std::function<void(std::string_view)> consumer) : consumer_(std::move(consumer)) {}

  void write(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    consumer_(line);
  }

 private:
  std::mutex mutex_;
  std::function<void(std::string_view)> consumer_;
};

/// spdlog's files, queue and thread, without its registry and formats.
class LogSink::SpdlogOutput final : public Output {
 public:
  SpdlogOutput(spdlog::sink_ptr sink, size_t queue_lines_max) {
    if (queue_lines_max == 0) {
      logger_ = std::make_shared<spdlog::logger>("troupe", std::move(sink));
    } else {
      pool_ = std::make_shared<spdlog::details::thread_pool>(queue_lines_max, 1);
      logger_ = std::make_shared<spdlog::async_logger>("troupe", std::move(sink), pool_,
                                                       spdlog::async_overflow_policy::overrun_oldest);
    }
    logger_->set_pattern("%v");
    logger_->set_level(spdlog::level::trace);
    // Each line is on disk soon; with a queue it is the queue's thread that pays.
    logger_->flush_on(spdlog::level::trace);
    logger_->set_error_handler([failed = failed_](const std::string&) { failed->fetch_add(1); });
  }

  void write(std::string_view line) override {
    logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }
  uint64_t dropped_lines() const override { return pool_ ? pool_->overrun_counter() : 0; }
  uint64_t failed_writes() const override { return failed_->load(); }

 private:
  /// Shared with the handler, which the queue's thread may still call while this object goes.
  std::shared_ptr<std::atomic<uint64_t>> failed_ = std::make_shared<std::atomic<uint64_t>>(0);
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::logger> logger_;
};

LogSink::LogSink(std::unique_ptr<Output> output, const LogOptions& options, const Clock& clock)
    : output_(std::move(output)), clock_(clock), format_(options.format), level_(options.level) {
  if (options.recent_bytes_max.value > 0)
    recent_ = std::make_unique<RecentLog>(std::max(options.recent_bytes_max, 1_KiB),
                                          static_cast<uint64_t>(unix_microseconds(clock.wall())));
}

LogSink::~LogSink() = default;

Result<std::shared_ptr<LogSink>> LogSink::open(const LogOptions& options, const Clock& clock) {
  constexpr size_t queue_lines_limit = 1 << 20;
  constexpr size_t old_files_limit = 1000;
  if (options.queue_lines_max > queue_lines_limit)
    return fail_field("queue_lines_max", "a log queue of {} lines; at most {}", options.queue_lines_max,
                      queue_lines_limit);
  if (options.file_bytes_max < 1_KiB)
    return fail_field("file_bytes_max", "log files of {}; at least 1KiB", format_bytes(options.file_bytes_max));
  if (options.old_files_max > old_files_limit)
    return fail_field("old_files_max", "{} old log files; at most {}", options.old_files_max, old_files_limit);
  try {
    spdlog::sink_ptr sink;
    if (options.file.empty())
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    else
      sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(options.file, options.file_bytes_max.value,
                                                                    options.old_files_max);
    auto output = std::make_unique<SpdlogOutput>(std::move(sink), options.queue_lines_max);
    return std::shared_ptr<LogSink>(new LogSink(std::move(output), options, clock));
  } catch (const std::exception& e) {
    return fail(Errc::io_error, "cannot write logs to '{}': {}", options.file, e.what());
  }
}

std::shared_ptr<LogSink> LogSink::to_function(std::function<void(std::string_view line)> consumer,
                                              const LogOptions& options, const Clock& clock) {
  return std::shared_ptr<LogSink>(new LogSink(std::make_unique<FunctionOutput>(std::move(consumer)), options, clock));
}

void LogSink::write(LogLevel level, std::string_view component, std::string_view message,
                    std::span<const LogField> fields) {
  const LogRecord record{clock_.wall(), level, component, message, fields};
  const std::string line = format_ == LogFormat::json ? json_line(record) : text_line(record);
  if (recent_) recent_->append(line);
  output_->write(line);
}

uint64_t LogSink::dropped_lines() const {
  return output_->dropped_lines();
}
uint64_t LogSink::failed_writes() const {
  return output_->failed_writes();
}

}  // namespace troupe::observe
