#include "cluster/cli/table.hpp"

#include <algorithm>

namespace troupe::cli {
namespace {

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.%/") == std::string::npos;
}

}  // namespace

size_t width_of(const std::string& text) noexcept {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void Table::add(std::vector<std::string> row) {
  row.resize(rows_.front().size());
  for (std::string& cell : row) {
    if (cell.empty()) cell.push_back('-');
  }
  rows_.push_back(std::move(row));
}

std::string Table::str() const {
  const size_t columns = rows_.front().size();
  std::vector<size_t> widths(columns, 0);
  std::vector<bool> to_right(columns, rows_.size() > 1);
  for (size_t row = 0; row < rows_.size(); ++row) {
    for (size_t i = 0; i < columns; ++i) {
      widths[i] = std::max(widths[i], width_of(rows_[row][i]));
      if (row > 0 && !is_number(rows_[row][i])) to_right[i] = false;
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < columns; ++i) {
      const std::string padding(widths[i] - width_of(row[i]), ' ');
      line += to_right[i] ? padding + row[i] : row[i] + padding;
      if (i + 1 < columns) line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace troupe::cli
