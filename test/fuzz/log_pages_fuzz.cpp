// Any bytes as a log in up to three files, and any text as a cursor into it. Pages end, stay within their bound, are
// UTF-8, and read one after the other they have every line, whatever their size. The first bytes say how long pages are
// and where the files are cut; a cursor's text ends at the first zero.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/assert.hpp"
#include "runtime/observe/log_pages.hpp"
#include "runtime/observe/text.hpp"

namespace {

using namespace troupe;
using namespace troupe::observe;

class Memory final : public LogFiles {
 public:
  explicit Memory(std::vector<std::string> texts) : texts_(std::move(texts)) {
    for (size_t i = 0; i < texts_.size(); ++i) files_.push_back({i + 1, texts_[i].size()});
  }
  const std::vector<File>& files() const override { return files_; }
  Result<std::string> read(size_t index, uint64_t offset, size_t bytes) const override {
    TROUPE_ASSERT(index < texts_.size() && offset + bytes <= texts_[index].size());
    return texts_[index].substr(offset, bytes);
  }

 private:
  std::vector<std::string> texts_;
  std::vector<File> files_;
};

void check(const LogPage& page, size_t bytes_max) {
  size_t bytes = 0;
  for (const LogLine& line : page.lines) {
    bytes += line.text.size();
    for (std::string_view rest = line.text; !rest.empty(); rest.remove_prefix(utf8_length(rest)))
      TROUPE_ASSERT(utf8_length(rest) > 0);
  }
  TROUPE_ASSERT(bytes <= 3 * bytes_max);
  const auto cursor = parse_cursor(to_cursor(page.next));
  TROUPE_ASSERT(cursor.has_value() && *cursor == page.next);
}

size_t lines_in(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text;
  return static_cast<size_t>(std::count(all.begin(), all.end(), '\n'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  const size_t bytes_max = std::max<size_t>(4, data[0]);
  const uint64_t tail = data[1];
  const size_t first_cut = data[2];
  const size_t second_cut = data[3];
  const std::string text(reinterpret_cast<const char*>(data + 4), size - 4);
  const size_t first = std::min(first_cut, text.size());
  const size_t second = std::min(first + second_cut, text.size());
  const std::vector<std::string> texts{text.substr(0, first), text.substr(first, second - first), text.substr(second)};
  const Memory log(texts);

  if (const auto position = parse_cursor(text.substr(0, text.find('\0'))))
    check(read_page(log, *position, {.bytes_max = bytes_max}).value(), bytes_max);
  for (const LogStart& start : {LogStart{.tail = tail}, LogStart{.since = "2026-11-21T04:05:06.123Z"}})
    check(read_page(log, find_start(log, start).value(), {.bytes_max = bytes_max, .takes_unfinished = true}).value(),
          bytes_max);

  size_t ends = 0;
  LogPosition position;
  for (bool at_end = false; !at_end;) {
    const LogPage page = read_page(log, position, {.bytes_max = bytes_max}).value();
    check(page, bytes_max);
    ends += page.lines.size() - (page.is_open && !page.lines.empty() ? 1 : 0);
    TROUPE_ASSERT(!page.has_gap);
    TROUPE_ASSERT(page.at_end || !(page.next == position));
    position = page.next;
    at_end = page.at_end;
  }
  TROUPE_ASSERT(ends == lines_in(texts));
  return 0;
}
