#pragma once
// CsvReader: comma-separated values as RFC 4180 has them, record by record, strictly: what is doubtful is refused with
// its line. Memory of one record.

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::experiment {

inline constexpr size_t csv_field_bytes_max = 1 << 16;
inline constexpr size_t csv_columns_max = 1024;

/// Commas part fields, LF or CR LF ends a record, the last one too or not. A field in double quotes may have commas,
/// line ends and quotes (each written twice); in any other, quotes are refused. A UTF-8 byte order mark at the
/// beginning is passed over. Not thread-safe.
class CsvReader {
 public:
  /// `in` must outlive it; `name` is for messages.
  CsvReader(std::istream& in, std::string name) : in_(*in.rdbuf()), name_(std::move(name)) {}

  /// The next record into `fields`; false: there is none. The first record says how many fields every one has.
  /// invalid_argument as "NAME:LINE: what"; after it nothing more may be read.
  Result<bool> next(std::vector<std::string>& fields);

  /// Where the last record began, from 1.
  uint64_t line() const noexcept { return record_line_; }
  const std::string& name() const noexcept { return name_; }

 private:
  enum class End { field, record, file };
  Result<End> read_field(std::string& field);
  Result<End> read_plain(std::string& field, int first);
  Result<End> read_quoted(std::string& field);
  /// What a byte after a field ends; none: it belongs to no field.
  Result<End> end_by(int byte);
  int take();
  void pass_mark();

  std::streambuf& in_;
  std::string name_;
  uint64_t line_ = 1;
  uint64_t record_line_ = 0;
  size_t columns_ = 0;  ///< 0: before the first record.
};

}  // namespace troupe::experiment
