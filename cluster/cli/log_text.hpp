#pragma once
// Pages of logs as people, or programs, read them. Pure.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cli {

/// A log that is shown.
struct ShownLog {
  std::string node;
  std::string replica;  ///< Empty: the node's own log.
  std::string deployment;
  std::string model;
};

/// One line of a page, or a piece of a long one.
struct ShownLine {
  size_t log = 0;  ///< Its index among those that are shown.
  std::string time;
  std::string text;
  bool continues = false;  ///< It goes on with the line of this log before it.
  bool is_open = false;    ///< The next one of this log goes on with it.
};

/// Lines of a page of the admin API.
std::vector<ShownLine> lines_of(size_t log, const nlohmann::json& page);

/// By time; lines without one stay behind the one of their log before them.
void sort_by_time(std::vector<ShownLine>& lines);

struct LogStyle {
  bool json = false;        ///< An object a line.
  bool timestamps = false;  ///< Before each line, where the line does not show it anyway.
};

/// Writes lines of several logs into one text, each behind "[node replica] " where there is more than one.
class LogText {
 public:
  explicit LogText(LogStyle style) : style_(style) {}

  /// `logs` are all that are shown: from the second on, lines say which theirs is.
  std::string write(const std::vector<ShownLog>& logs, const ShownLine& line);
  /// Ends a line that is open.
  std::string end();

 private:
  std::string as_json(const ShownLog& log, const ShownLine& line) const;

  LogStyle style_;
  bool is_open_ = false;
  size_t open_log_ = 0;
};

/// `text` without what would move a terminal's cursor or change its colours: control characters but tabs are written
/// as \xNN.
std::string printable(std::string_view text);

}  // namespace troupe::cli
