#include "runtime/observe/log_files.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "runtime/observe/log_sink.hpp"
#include "test/unit/storage/temp_directory.hpp"

using namespace troupe;
using namespace troupe::observe;

namespace {

/// A millisecond later with each look: files are told apart by the time of their first line, and here they fill faster
/// than any disk takes them.
class SteppingClock final : public Clock {
 public:
  Time now() const noexcept override { return {}; }
  WallTime wall() const noexcept override { return wall_ += std::chrono::milliseconds{1}; }

 private:
  mutable WallTime wall_{std::chrono::hours{24 * 365 * 50}};
};

struct Folder {
  test::TempDirectory temp;
  std::filesystem::path file = temp.path() / "troupe.log";
  SteppingClock clock;

  /// Writes each line before it returns.
  std::shared_ptr<LogSink> sink(ByteCount bytes_max, size_t old_files_max) {
    return LogSink::open({.file = file.string(),
                          .file_bytes_max = bytes_max,
                          .old_files_max = old_files_max,
                          .queue_lines_max = 0},
                         clock)
        .value();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(log_files, Folder)

BOOST_AUTO_TEST_CASE(a_sinks_files_are_one_log_and_a_reader_loses_nothing_when_they_rotate) {
  const auto log = sink(1_KiB, 3);
  LogPosition position;
  size_t seen = 0;
  for (size_t written = 0; written < 200; ++written) {
    log->write(LogLevel::info, "test", fmt::format("line {} of a test that rotates", written), {});
    const auto files = open_rotated_log(file, 3).value();
    const LogPage page = read_page(files, position, {}).value();
    BOOST_REQUIRE(!page.has_gap);
    for (const LogLine& line : page.lines) {
      BOOST_REQUIRE(line.text.find(fmt::format("line {} of", seen)) != std::string::npos);
      BOOST_TEST(line.time.size() == 24U);
      ++seen;
    }
    position = page.next;
  }

  BOOST_TEST(seen == 200U);
  BOOST_TEST(std::filesystem::exists(temp.path() / "troupe.3.log"));
}

BOOST_AUTO_TEST_CASE(a_reader_whose_file_was_removed_is_told_even_if_a_new_one_got_its_inode) {
  const auto log = sink(1_KiB, 1);
  log->write(LogLevel::info, "test", "the first line, long enough to be known by", {});
  const LogPage first = read_page(open_rotated_log(file, 1).value(), {}, {}).value();
  for (int i = 0; i < 100; ++i) log->write(LogLevel::info, "test", "another line, and another one still", {});

  const LogPage page = read_page(open_rotated_log(file, 1).value(), first.next, {}).value();

  BOOST_TEST(page.has_gap);
}

BOOST_AUTO_TEST_CASE(a_log_that_is_not_there_is_not_found) {
  const auto files = open_rotated_log(file, 3);

  BOOST_REQUIRE(!files.has_value());
  BOOST_TEST((files.error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_log_that_has_begun_is_empty_until_its_first_line) {
  std::ofstream(file) << "{";

  const auto files = open_rotated_log(file, 3);

  BOOST_REQUIRE(files.has_value());
  BOOST_TEST(files->files().empty());
}

BOOST_AUTO_TEST_CASE(a_file_that_became_shorter_is_an_error_not_a_hang) {
  std::ofstream(file) << std::string(100, 'x');
  const auto files = open_rotated_log(file, 0).value();
  std::filesystem::resize_file(file, 10);

  const auto read = files.read(0, 0, 100);

  BOOST_REQUIRE(!read.has_value());
  BOOST_TEST((read.error().code == Errc::io_error));
}

BOOST_AUTO_TEST_SUITE_END()
