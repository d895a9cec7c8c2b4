#include "actors/experiment/table/csv_reader.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

using namespace troupe;
using namespace troupe::experiment;

namespace {

using Records = std::vector<std::vector<std::string>>;

Result<Records> read(const std::string& text) {
  std::istringstream in(text);
  CsvReader csv(in, "t.csv");
  Records records;
  for (std::vector<std::string> fields;;) {
    TROUPE_TRY(const bool is_there, csv.next(fields));
    if (!is_there) return records;
    records.push_back(fields);
  }
}

std::string refusal(const std::string& text) {
  const auto records = read(text);
  return records ? "accepted" : records.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(csv_reader)

BOOST_AUTO_TEST_CASE(records_end_by_lf_or_crlf_and_the_last_one_by_nothing) {
  BOOST_TEST((read("a,b\n1,2\n").value() == Records{{"a", "b"}, {"1", "2"}}));
  BOOST_TEST((read("a,b\r\n1,2").value() == Records{{"a", "b"}, {"1", "2"}}));
  BOOST_TEST((read("a,b\n1,\n,2\n").value() == Records{{"a", "b"}, {"1", ""}, {"", "2"}}));
  BOOST_TEST((read("a,b\n1,").value() == Records{{"a", "b"}, {"1", ""}}));
  BOOST_TEST((read("a\n\n1\n").value() == Records{{"a"}, {""}, {"1"}}));
  BOOST_TEST(read("").value().empty());
}

BOOST_AUTO_TEST_CASE(quoted_fields_have_commas_line_ends_and_quotes) {
  BOOST_TEST(
      (read("a,b\n\"x, y\",\"he said \"\"no\"\"\"\n").value() == Records{{"a", "b"}, {"x, y", "he said \"no\""}}));
  BOOST_TEST((read("a,b\n\"two\r\nlines\",\"\"\n").value() == Records{{"a", "b"}, {"two\r\nlines", ""}}));
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_no_part_of_the_first_name) {
  BOOST_TEST((read("\xef\xbb\xbf"
                   "a,b\n1,2\n")
                  .value() == Records{{"a", "b"}, {"1", "2"}}));
}

BOOST_AUTO_TEST_CASE(what_is_doubtful_is_refused_with_its_line) {
  BOOST_TEST(refusal("a,b\n1,2\n3\n") == "t.csv:3: the record has 1 fields, and the first one has 2");
  BOOST_TEST(refusal("a,b\n\n1,2\n") == "t.csv:2: the line is empty; records have 2 fields");
  BOOST_TEST(refusal("a,b\n\"x\ny\",2\n3,4,5\n") == "t.csv:4: the record has 3 fields, and the first one has 2");
  BOOST_TEST(refusal("a,b\n1,x\"y\n").starts_with("t.csv:2: a quote inside a field"));
  BOOST_TEST(refusal("a,b\n1,\"x\"y\n") == "t.csv:2: text after the closing quote of a field");
  BOOST_TEST(refusal("a,b\n1,\"x\n2,3\n") == "t.csv:2: a quoted field of this record never ends");
  BOOST_TEST(refusal("a,b\r1,2\r").starts_with("t.csv:1: a carriage return"));
  BOOST_TEST(refusal(std::string("a,b\n1,\0\n", 8)).starts_with("t.csv:2: a zero byte"));
}

BOOST_AUTO_TEST_CASE(fields_and_columns_have_a_maximum) {
  BOOST_TEST(read("a\n" + std::string(csv_field_bytes_max, 'x')).has_value());
  BOOST_TEST(refusal("a\n" + std::string(csv_field_bytes_max + 1, 'x')).find("longer than 65536") != std::string::npos);
  BOOST_TEST(refusal("a\n\"" + std::string(csv_field_bytes_max + 1, '\n')).find("its quote") != std::string::npos);
  BOOST_TEST(refusal(std::string(csv_columns_max, ',')).find("more than 1024 columns") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
