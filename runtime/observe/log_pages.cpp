#include "runtime/observe/log_pages.hpp"

#include <algorithm>
#include <charconv>

#include "runtime/observe/text.hpp"

namespace troupe::observe {
namespace {

constexpr size_t chunk_bytes = 64 << 10;
/// A line with a time is looked for in so much of a file; one that has none there counts as later than all.
constexpr uint64_t time_bytes_max = 1 << 20;
constexpr std::string_view time_pattern = "dddd-dd-ddTdd:dd:dd.dddZ";
constexpr std::string_view json_time = R"({"ts":")";
constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct Place {
  size_t index = 0;
  uint64_t offset = 0;

  auto operator<=>(const Place&) const = default;
};

bool is_time(std::string_view text) {
  if (text.size() < time_pattern.size()) return false;
  for (size_t i = 0; i < time_pattern.size(); ++i) {
    const bool fits = time_pattern[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == time_pattern[i];
    if (!fits) return false;
  }
  return true;
}

std::optional<uint64_t> hex(std::string_view digits) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

LogPosition position_of(const LogFiles& files, Place place, bool in_line) {
  if (files.files().empty()) return {};
  return {files.files()[place.index].key, place.offset, in_line};
}

Place end_of(const LogFiles& files) {
  if (files.files().empty()) return {};
  return {files.files().size() - 1, files.files().back().bytes};
}

/// Whether a line begins at `place`. A file that nothing stands before may begin within one; that is not known.
Result<bool> begins_line(const LogFiles& files, Place place) {
  while (place.offset == 0 && place.index > 0) place = {place.index - 1, files.files()[place.index - 1].bytes};
  if (place.offset == 0) return true;
  TROUPE_TRY(const std::string before, files.read(place.index, place.offset - 1, 1));
  return before.ends_with('\n');
}

/// `lines` lines before the end; where they would be more than log_tail_bytes_max, so many as begin within that.
Result<Place> find_tail(const LogFiles& files, uint64_t lines) {
  Place begin = end_of(files);
  if (lines == 0) return begin;
  uint64_t budget = log_tail_bytes_max.value;
  bool is_last_byte = true;
  std::optional<Place> first_line;  ///< The earliest that is seen to begin.
  for (size_t index = files.files().size(); index-- > 0;) {
    uint64_t offset = files.files()[index].bytes;
    while (offset > 0) {
      if (budget == 0) return first_line.value_or(begin);
      const uint64_t count = std::min<uint64_t>({offset, chunk_bytes, budget});
      TROUPE_TRY(const std::string chunk, files.read(index, offset - count, count));
      for (size_t i = chunk.size(); i-- > 0;) {
        if (chunk[i] == '\n' && !is_last_byte) {
          first_line = Place{index, offset - count + i + 1};
          if (--lines == 0) return *first_line;
        }
        is_last_byte = false;
      }
      offset -= count;
      budget -= count;
    }
  }
  return Place{};
}

struct Dated {
  uint64_t offset = 0;
  std::string time;
};

/// The first line of a file that begins at `from` or later and has a time; none where it has no such line, or not soon.
Result<std::optional<Dated>> dated_line(const LogFiles& files, size_t index, uint64_t from) {
  const uint64_t bytes = files.files()[index].bytes;
  uint64_t begin = from == 0 ? 0 : from - 1;  // A line begins at `from` where the byte before it ends one.
  bool is_begun = from == 0;
  std::string text;
  const uint64_t end = std::min(bytes, begin + time_bytes_max);
  for (uint64_t next = begin; next < end;) {
    const uint64_t count = std::min<uint64_t>(end - next, next == begin ? 4096 : chunk_bytes);
    TROUPE_TRY(const std::string chunk, files.read(index, next, count));
    text += chunk;
    next += count;
    size_t at = 0;
    for (;;) {
      if (!is_begun) {
        const size_t newline = text.find('\n', at);
        if (newline == std::string::npos) break;
        at = newline + 1;
        is_begun = true;
      }
      const std::string_view line = std::string_view(text).substr(at);
      const bool is_whole = line.size() >= json_time.size() + time_pattern.size() || next == bytes;
      if (!is_whole) break;
      if (const auto time = line_time(line); !time.empty()) return Dated{begin + at, std::string(time)};
      is_begun = false;
      if (line.empty()) break;
    }
    begin += at;
    text.erase(0, at);
  }
  return std::nullopt;
}

Result<Place> find_time(const LogFiles& files, const std::string& time) {
  size_t index = 0;
  for (size_t later = 1; later < files.files().size(); ++later) {
    TROUPE_TRY(const auto first, dated_line(files, later, 0));
    if (!first || first->time >= time) break;
    index = later;
  }
  uint64_t low = 0;
  uint64_t high = files.files()[index].bytes;
  std::optional<uint64_t> found;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    TROUPE_TRY(const auto line, dated_line(files, index, middle));
    if (line && line->time < time) {
      low = line->offset + 1;
    } else {
      high = middle;
      if (line) found = line->offset;
    }
  }
  return Place{index, found.value_or(files.files()[index].bytes)};
}

/// Bytes of a log in a row, and where each came from.
struct Stretch {
  std::string text;
  std::vector<std::pair<size_t, Place>> parts;  ///< Where in `text` a file's bytes begin.

  Place place_at(size_t at, Place from) const {
    for (const auto& [begin, place] : parts)
      if (begin <= at) from = {place.index, place.offset + (at - begin)};
    return from;
  }
};

Result<Stretch> read_stretch(const LogFiles& files, Place from, size_t bytes_max) {
  Stretch stretch;
  for (; from.index < files.files().size() && stretch.text.size() < bytes_max; from = {from.index + 1, 0}) {
    const uint64_t left = files.files()[from.index].bytes - from.offset;
    stretch.parts.emplace_back(stretch.text.size(), from);
    TROUPE_TRY(const std::string piece,
               files.read(from.index, from.offset, std::min<uint64_t>(left, bytes_max - stretch.text.size())));
    stretch.text += piece;
  }
  return stretch;
}

/// `text` without the beginning of a character at its end.
size_t without_half_character(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80) break;
    if (byte < 0xC0) continue;
    const size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    return back < length ? text.size() - back : text.size();
  }
  return text.size();
}

std::string readable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    out += length == 0 ? replacement : text.substr(0, length);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

LogLine line_of(std::string_view text, bool begins, bool ends) {
  if (ends && text.ends_with('\r')) text.remove_suffix(1);
  LogLine line;
  if (begins) line.time = line_time(text);
  if (!line.time.empty() && text.starts_with(line.time)) {
    text.remove_prefix(line.time.size());
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  line.text = readable(text);
  return line;
}

std::vector<LogLine> lines_of(std::string_view text, bool continues) {
  std::vector<LogLine> lines;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const bool ends = newline != std::string_view::npos;
    lines.push_back(line_of(text.substr(0, newline), !continues, ends));
    continues = false;
    text.remove_prefix(ends ? newline + 1 : text.size());
  }
  return lines;
}

}  // namespace

std::string to_cursor(const LogPosition& position) {
  return fmt::format("{:x}-{:x}{}", position.file, position.offset, position.in_line ? "-l" : "");
}

Result<LogPosition> parse_cursor(std::string_view cursor) {
  const std::string_view whole = cursor;
  LogPosition position;
  position.in_line = cursor.ends_with("-l");
  if (position.in_line) cursor.remove_suffix(2);
  const size_t dash = cursor.find('-');
  const auto file = hex(cursor.substr(0, dash));
  const auto offset = dash == std::string_view::npos ? std::nullopt : hex(cursor.substr(dash + 1));
  if (!file || !offset) return fail_field("cursor", "this is no cursor; one comes with each page, for the next");
  position.file = *file;
  position.offset = *offset;
  if (to_cursor(position) != whole)
    return fail_field("cursor", "this is no cursor; one comes with each page, for the next");
  return position;
}

Result<LogPosition> find_start(const LogFiles& files, const LogStart& start) {
  if (files.files().empty()) return LogPosition{};
  Place begin;
  if (start.tail) {
    TROUPE_TRY(begin, find_tail(files, *start.tail));
  }
  if (!start.since.empty()) {
    TROUPE_TRY(const Place since, find_time(files, start.since));
    begin = std::max(begin, since);
  }
  TROUPE_TRY(const bool is_line, begins_line(files, begin));
  return position_of(files, begin, !is_line);
}

Result<LogPage> read_page(const LogFiles& files, const LogPosition& from, const PageOptions& options) {
  LogPage page;
  page.next = from;
  page.at_end = true;
  if (files.files().empty()) return page;
  const auto found = std::ranges::find(files.files(), from.file, &LogFiles::File::key);
  const bool is_there = found != files.files().end() && from.offset <= found->bytes;
  page.has_gap = !is_there && from.file != 0;
  page.continues = is_there && from.in_line;
  const Place begin = is_there ? Place{static_cast<size_t>(found - files.files().begin()), from.offset} : Place{};

  // Room for a whole character, or nothing would ever come.
  TROUPE_TRY(const Stretch stretch, read_stretch(files, begin, std::max<size_t>(options.bytes_max, 4)));
  page.at_end = stretch.place_at(stretch.text.size(), begin) == end_of(files);
  const size_t last_newline = stretch.text.rfind('\n');
  size_t taken = last_newline == std::string::npos ? 0 : last_newline + 1;
  const bool is_full = taken == 0 && !page.at_end;
  if (is_full || (page.at_end && options.takes_unfinished)) {
    taken = without_half_character(stretch.text);
  }
  const std::string_view text = std::string_view(stretch.text).substr(0, taken);
  page.lines = lines_of(text, page.continues);
  page.is_open = text.empty() ? page.continues : !text.ends_with('\n');
  page.next = position_of(files, stretch.place_at(taken, begin), page.is_open);
  return page;
}

std::string_view line_time(std::string_view line) {
  if (line.starts_with(json_time)) line.remove_prefix(json_time.size());
  return is_time(line) ? line.substr(0, time_pattern.size()) : std::string_view{};
}

}  // namespace troupe::observe
