#include "cluster/cli/frame.hpp"

#include <fmt/format.h>

#include <string_view>
#include <vector>

namespace troupe::cli {
namespace {

/// The first `columns` characters of UTF-8 text.
std::string_view cut(std::string_view line, size_t columns) {
  size_t seen = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(line[i]) & 0xc0) != 0x80;
    if (begins && seen++ == columns) return line.substr(0, i);
  }
  return line;
}

}  // namespace

std::string frame(const std::string& text, size_t columns, size_t rows) {
  std::vector<std::string_view> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
  }
  // The cursor rests on the terminal's last line.
  const bool is_whole = rows == 0 || lines.size() < rows;
  const size_t shown = is_whole ? lines.size() : rows < 2 ? 0 : rows - 2;
  std::string all = "\x1b[H";
  const auto add = [&](std::string_view line) {
    all += columns == 0 ? line : cut(line, columns);
    all += "\x1b[K\n";
  };
  for (size_t i = 0; i < shown; ++i) add(lines[i]);
  if (!is_whole) add(fmt::format("… {} more lines", lines.size() - shown));
  return all + "\x1b[J";
}

}  // namespace troupe::cli
