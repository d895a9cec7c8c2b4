// Any bytes as a table of units: no crash, no hang, no leak; records are as wide as the first, and units are as many in
// each column.

#include <cstdlib>
#include <sstream>

#include "actors/experiment/table/unit_table.hpp"

using namespace troupe::experiment;

namespace {

void check_records(const std::string& text) {
  std::istringstream in(text);
  CsvReader csv(in, "fuzz.csv");
  std::vector<std::string> fields;
  size_t width = 0;
  for (;;) {
    const auto is_there = csv.next(fields);
    if (!is_there && is_there.error().message.empty()) std::abort();
    if (!is_there || !*is_there) return;
    if (width == 0) width = fields.size();
    if (fields.size() != width || width == 0) std::abort();
  }
}

TableQuestion question_of(bool has_units) {
  TableQuestion question;
  question.unit_column = has_units ? "u" : "";
  question.variant_column = "v";
  for (const char* const metric : {"a:mean", "b:conversion", "c:count", "a/c:ratio", "a:p50"})
    question.metrics.push_back(parse_table_metric(metric).value());
  return question;
}

void check_table(const std::string& text, bool has_units) {
  std::istringstream in(text);
  CsvReader csv(in, "fuzz.csv");
  const auto table = read_unit_table(csv, question_of(has_units));
  if (!table) {
    if (table.error().message.empty()) std::abort();
    return;
  }
  for (size_t i = 0; i < 4; ++i)
    if (table->columns[i].x.size() != table->units() || table->columns[i].y.size() != table->units()) std::abort();
  if (table->columns[4].values.size() != table->rows) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_records(text);
  check_table("u,v,a,b,c\n" + text, true);
  check_table("v,a,b,c\n" + text, false);
  static_cast<void>(parse_table_metric(text));
  return 0;
}
