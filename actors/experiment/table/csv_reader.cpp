#include "actors/experiment/table/csv_reader.hpp"

namespace troupe::experiment {
namespace {

constexpr int end_of_file = std::char_traits<char>::eof();

bool ends_field(int byte) {
  return byte == ',' || byte == '\n' || byte == '\r' || byte == end_of_file;
}

}  // namespace

int CsvReader::take() {
  const int byte = in_.sbumpc();
  line_ += byte == '\n';
  return byte;
}

void CsvReader::pass_mark() {
  for (const int byte : {0xef, 0xbb, 0xbf}) {
    if (in_.sgetc() != byte) return;  // Half a mark is a strange first name, and shows as one.
    in_.sbumpc();
  }
}

Result<bool> CsvReader::next(std::vector<std::string>& fields) {
  if (columns_ == 0) pass_mark();
  record_line_ = line_;
  if (in_.sgetc() == end_of_file) return false;
  size_t count = 0;
  for (End end = End::field; end == End::field; ++count) {
    if (count == csv_columns_max)
      return fail(Errc::invalid_argument, "{}:{}: there are more than {} columns", name_, record_line_,
                  csv_columns_max);
    if (fields.size() <= count) fields.emplace_back();
    TROUPE_TRY(end, read_field(fields[count]));
  }
  fields.resize(count);
  if (columns_ == 0) columns_ = count;
  if (count == columns_) return true;
  if (count == 1 && fields[0].empty())
    return fail(Errc::invalid_argument, "{}:{}: the line is empty; records have {} fields", name_, record_line_,
                columns_);
  return fail(Errc::invalid_argument, "{}:{}: the record has {} fields, and the first one has {}", name_, record_line_,
              count, columns_);
}

Result<CsvReader::End> CsvReader::read_field(std::string& field) {
  field.clear();
  const int first = take();
  return first == '"' ? read_quoted(field) : read_plain(field, first);
}

Result<CsvReader::End> CsvReader::read_plain(std::string& field, int byte) {
  for (; !ends_field(byte); byte = take()) {
    if (byte == '"')
      return fail(Errc::invalid_argument,
                  "{}:{}: a quote inside a field that does not begin with one; write \"a \"\"b\"\" c\"", name_, line_);
    if (byte == 0) return fail(Errc::invalid_argument, "{}:{}: a zero byte; is this text?", name_, line_);
    if (field.size() == csv_field_bytes_max)
      return fail(Errc::invalid_argument, "{}:{}: a field is longer than {} bytes", name_, record_line_,
                  csv_field_bytes_max);
    field.push_back(static_cast<char>(byte));
  }
  return end_by(byte);
}

Result<CsvReader::End> CsvReader::read_quoted(std::string& field) {
  for (;;) {
    const int byte = take();
    if (byte == end_of_file)
      return fail(Errc::invalid_argument, "{}:{}: a quoted field of this record never ends", name_, record_line_);
    if (byte == '"') {
      if (in_.sgetc() != '"') break;
      in_.sbumpc();
    }
    if (byte == 0) return fail(Errc::invalid_argument, "{}:{}: a zero byte; is this text?", name_, line_);
    if (field.size() == csv_field_bytes_max)
      return fail(Errc::invalid_argument, "{}:{}: a field is longer than {} bytes; is its quote closed?", name_,
                  record_line_, csv_field_bytes_max);
    field.push_back(static_cast<char>(byte));
  }
  const int after = take();
  if (ends_field(after)) return end_by(after);
  return fail(Errc::invalid_argument, "{}:{}: text after the closing quote of a field", name_, line_);
}

Result<CsvReader::End> CsvReader::end_by(int byte) {
  if (byte == ',') return End::field;
  if (byte == end_of_file) return End::file;
  if (byte == '\n') return End::record;
  if (in_.sgetc() != '\n')
    return fail(Errc::invalid_argument, "{}:{}: a carriage return that no line feed follows", name_, line_);
  take();
  return End::record;
}

}  // namespace troupe::experiment
