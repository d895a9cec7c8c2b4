#pragma once
// Pages of a log that lies in several files, each written after the one before: where a reader stands, and what comes
// next. Pure over LogFiles; log_files.hpp has those on disk.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"

namespace troupe::observe {

/// A page may be three times as long as the bytes it stands for: each that is not UTF-8 becomes U+FFFD.
inline constexpr ByteCount log_page_bytes_max = 20_KiB;
/// The last lines are looked for in so much of a log.
inline constexpr ByteCount log_tail_bytes_max = 8_MiB;

/// A log's files as they were at one time.
class LogFiles {
 public:
  struct File {
    uint64_t key = 0;  ///< Names it as long as it is there, whatever it is called; not 0.
    uint64_t bytes = 0;
  };

  virtual ~LogFiles() = default;
  /// Oldest first.
  virtual const std::vector<File>& files() const = 0;
  /// `bytes` of file `index` from `offset` on, which it has.
  virtual Result<std::string> read(size_t index, uint64_t offset, size_t bytes) const = 0;
};

/// A place in a log.
struct LogPosition {
  uint64_t file = 0;  ///< Key; 0 = before all that there is.
  uint64_t offset = 0;
  bool in_line = false;  ///< What follows goes on with a line that a reader has the beginning of.

  bool operator==(const LogPosition&) const = default;
};

/// For readers to hand back: they need not understand it.
std::string to_cursor(const LogPosition& position);
/// invalid_argument where to_cursor() never wrote such a text.
Result<LogPosition> parse_cursor(std::string_view cursor);

/// Where a reader begins: at the later of the two.
struct LogStart {
  std::optional<uint64_t> tail = {};  ///< So many lines before the end.
  std::string since = {};             ///< At the first line of this time (as to_iso8601() writes it) or later.
};

/// Times are found by halving: lines out of order are found where their neighbours are.
Result<LogPosition> find_start(const LogFiles& files, const LogStart& start);

struct LogLine {
  std::string time;  ///< That it begins with, in ISO 8601; empty where it has none.
  std::string text;  ///< UTF-8, without the time where that stood before it as a word of its own.

  bool operator==(const LogLine&) const = default;
};

struct LogPage {
  std::vector<LogLine> lines;
  bool continues = false;  ///< The first line goes on with the last one of the page before.
  bool is_open = false;    ///< The last line has not ended; the next page goes on with it.
  bool has_gap = false;    ///< What followed the position is gone: the page begins with the oldest that is there.
  bool at_end = false;     ///< Nothing more is there yet.
  LogPosition next;
};

struct PageOptions {
  size_t bytes_max = log_page_bytes_max.value;  ///< Of the log, not of the page.
  bool takes_unfinished = false;  ///< A last line without an end is part of the page; else it waits for its end.
};

/// What follows `from`. A line longer than a page is handed on in pieces.
Result<LogPage> read_page(const LogFiles& files, const LogPosition& from, const PageOptions& options);

/// The time that a line begins with, as lines of a LogSink and of a replica's log do; else empty.
std::string_view line_time(std::string_view line);

}  // namespace troupe::observe
