#pragma once
// Table: aligned columns of text.

#include <string>
#include <vector>

namespace troupe::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}

  /// An empty cell shows as "-". Cells past the header's are left out.
  void add(std::vector<std::string> row);
  size_t size() const noexcept { return rows_.size() - 1; }
  /// Header and rows, each ending in a newline. Numbers stand to the right.
  std::string str() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// The columns a terminal needs for UTF-8 text without wide characters.
size_t width_of(const std::string& text) noexcept;

}  // namespace troupe::cli
