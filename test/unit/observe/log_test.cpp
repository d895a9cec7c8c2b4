#include "runtime/observe/log.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/observe/log_sink.hpp"

using namespace troupe;
using namespace troupe::observe;

namespace {

class StoppedClock final : public Clock {
 public:
  Time now() const noexcept override { return {}; }
  WallTime wall() const noexcept override { return {}; }
};

struct Folder {
  Folder() : path(std::filesystem::temp_directory_path() / ("troupe_log_" + std::to_string(secure_random_u64()))) {}
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

struct Fixture {
  std::shared_ptr<LogSink> capture(LogLevel level = LogLevel::info) {
    return LogSink::to_function([this](std::string_view line) { lines.emplace_back(line); },
                                {.level = level, .format = LogFormat::text}, clock);
  }

  LogOptions file_options() { return {.format = LogFormat::text, .file = (folder.path / "troupe.log").string()}; }

  StoppedClock clock;
  std::vector<std::string> lines;
  Folder folder;
};

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(logger, Fixture)

BOOST_AUTO_TEST_CASE(lines_carry_the_component_of_their_logger) {
  const Logger gateway(capture(), "gateway");

  gateway.info("up");
  gateway.with_component("cache").error("down", kv("shard", 3));

  BOOST_REQUIRE(lines.size() == 2u);
  BOOST_TEST(lines[0] == "1970-01-01T00:00:00.000Z info  gateway: up");
  BOOST_TEST(lines[1] == "1970-01-01T00:00:00.000Z error cache: down shard=3");
}

BOOST_AUTO_TEST_CASE(levels_below_the_sinks_are_dropped_and_it_can_change) {
  const auto sink = capture(LogLevel::warn);
  const Logger log(sink, "x");

  log.info("no");
  log.warn("yes");
  sink->set_level(LogLevel::debug);
  log.debug("now");
  sink->set_level(LogLevel::off);
  log.error("never");

  BOOST_TEST(lines.size() == 2u);
  BOOST_TEST(!log.is_enabled(LogLevel::error));
}

BOOST_AUTO_TEST_CASE(a_logger_without_a_sink_drops_everything) {
  const Logger log;

  log.error("nobody hears");

  BOOST_TEST(!log.is_enabled(LogLevel::error));
}

BOOST_AUTO_TEST_CASE(names_of_levels_are_read_back) {
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error, LogLevel::off})
    BOOST_TEST((log_level_from_name(to_string(level)) == level));
  BOOST_TEST(!log_level_from_name("loud").has_value());
}

BOOST_AUTO_TEST_CASE(a_closed_queue_has_written_every_line_in_order) {
  LogOptions options = file_options();
  {
    const Logger log(LogSink::open(options, clock).value(), "x");
    for (int i = 0; i < 1000; ++i) log.info("line", kv("n", i));
  }

  const auto written = lines_of(options.file);

  BOOST_REQUIRE(written.size() == 1000u);
  BOOST_TEST(written.front().ends_with("n=0"));
  BOOST_TEST(written.back().ends_with("n=999"));
}

BOOST_AUTO_TEST_CASE(written_and_dropped_lines_add_up_when_the_queue_overflows) {
  LogOptions options = file_options();
  options.queue_lines_max = 2;
  auto sink = LogSink::open(options, clock).value();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      const Logger log(sink, "x");
      for (int i = 0; i < 5000; ++i) log.info("line");
    });
  for (auto& thread : threads) thread.join();

  const uint64_t dropped = sink->dropped_lines();
  sink.reset();

  BOOST_TEST(dropped + lines_of(options.file).size() == 20'000u);
}

BOOST_AUTO_TEST_CASE(without_a_queue_a_line_is_on_disk_when_the_call_returns) {
  LogOptions options = file_options();
  options.queue_lines_max = 0;
  const Logger log(LogSink::open(options, clock).value(), "x");

  log.info("there");

  BOOST_TEST(lines_of(options.file).size() == 1u);
}

BOOST_AUTO_TEST_CASE(messages_with_braces_and_percents_are_no_formats) {
  LogOptions options = file_options();
  options.queue_lines_max = 0;
  const Logger log(LogSink::open(options, clock).value(), "x");

  log.info("{} %v %s {");

  BOOST_TEST(lines_of(options.file).at(0).ends_with("x: {} %v %s {"));
}

BOOST_AUTO_TEST_CASE(files_rotate_and_the_oldest_go) {
  LogOptions options = file_options();
  options.queue_lines_max = 0;
  options.file_bytes_max = 1_KiB;
  options.old_files_max = 2;
  const Logger log(LogSink::open(options, clock).value(), "x");

  for (int i = 0; i < 500; ++i) log.info("some words to fill a file", kv("n", i));

  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path)) {
    BOOST_TEST(entry.file_size() <= 1024u);
    ++files;
  }
  BOOST_TEST(files == 3u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_opened_is_an_error_in_words) {
  const auto sink = LogSink::open({.file = "/proc/no/such/place.log"}, clock);

  BOOST_REQUIRE(!sink);
  BOOST_TEST((sink.error().code == Errc::io_error));
  BOOST_TEST(sink.error().message.starts_with("cannot write logs to '/proc/no/such/place.log': "));
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_counted_and_stops_nobody) {
  LogOptions options{.file = "/dev/full"};
  options.queue_lines_max = 0;
  const auto sink = LogSink::open(options, clock);
  BOOST_REQUIRE(sink.has_value());

  Logger(*sink, "x").error("lost");

  BOOST_TEST((*sink)->failed_writes() > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
