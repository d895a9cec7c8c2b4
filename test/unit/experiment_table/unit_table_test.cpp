#include "actors/experiment/table/unit_table.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

using namespace troupe;
using namespace troupe::experiment;

namespace {

TableQuestion asked(const std::vector<std::string>& metrics) {
  TableQuestion question;
  question.unit_column = "unit";
  for (const std::string& text : metrics) question.metrics.push_back(parse_table_metric(text).value());
  return question;
}

Result<UnitTable> read(const std::string& text, const TableQuestion& question) {
  std::istringstream in(text);
  CsvReader csv(in, "t.csv");
  return read_unit_table(csv, question);
}

std::string refusal(const std::string& text, const TableQuestion& question) {
  const auto table = read(text, question);
  return table ? "accepted" : table.error().message;
}

std::string refusal_of_value(const std::string& metric, const std::string& value) {
  return refusal("unit,variant,x,y\nu,a,1,1\nv,b," + value + "\n", asked({metric}));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(unit_table)

BOOST_AUTO_TEST_CASE(rows_of_a_unit_are_added_up) {
  const auto table = read(
      "unit,variant,cost,bought,clicks,views,ms\n"
      "u,a,1.5,0,1,2,10\nv,b,2,0,0,1,20\nu,a,2.5,1,3,4,30\n",
      asked({"cost:mean", "bought:conversion", "clicks/views:ratio", "ms:p50", "clicks:count"}));

  BOOST_TEST_REQUIRE(table.has_value());
  BOOST_TEST(table->rows == 3u);
  BOOST_TEST(table->units() == 2u);
  BOOST_TEST((table->variants == std::vector<std::string>{"a", "b"}));
  BOOST_TEST((table->columns[0].x == std::vector<double>{4, 2}));
  BOOST_TEST((table->columns[1].x == std::vector<double>{1, 0}));
  BOOST_TEST((table->columns[2].x == std::vector<double>{4, 0}));
  BOOST_TEST((table->columns[2].y == std::vector<double>{6, 1}));
  BOOST_TEST_REQUIRE(table->columns[3].values.size() == 3u);
  BOOST_TEST((table->columns[3].values[2].unit == 0u && table->columns[3].values[2].value == 30));
  // Without an exposure a unit is one, however often it came.
  BOOST_TEST((table->columns[4].y == std::vector<double>{1, 1}));
}

BOOST_AUTO_TEST_CASE(without_a_unit_column_each_row_is_a_unit) {
  TableQuestion question = asked({"x:mean"});
  question.unit_column.clear();

  const auto table = read("variant,x\na,1\na,1\nb,2\n", question);

  BOOST_TEST_REQUIRE(table.has_value());
  BOOST_TEST(table->units() == 3u);
}

BOOST_AUTO_TEST_CASE(a_unit_in_two_variants_is_known_as_that) {
  const auto table = read("unit,variant,x\nu,a,1\nv,b,1\nu,b,1\n", asked({"x:mean"}));

  BOOST_TEST_REQUIRE(table.has_value());
  BOOST_TEST((table->is_crossed == std::vector<bool>{true, false}));
}

BOOST_AUTO_TEST_CASE(what_is_no_number_is_refused_by_line_and_column) {
  BOOST_TEST(refusal_of_value("x:mean", "abc,1") == "t.csv:3: column x: 'abc' is no number, such as 12.5");
  BOOST_TEST(refusal_of_value("x:mean", ",1") == "t.csv:3: column x: it is empty, where a number is wanted");
  BOOST_TEST(refusal_of_value("x:mean", "nan,1").starts_with("t.csv:3: column x: nan is not a number from"));
  BOOST_TEST(refusal_of_value("x:mean", "-inf,1").starts_with("t.csv:3: column x: -inf is not a number from"));
  BOOST_TEST(refusal_of_value("x:mean", "1e400,1").starts_with("t.csv:3: column x: 1e400 is not a number from"));
  BOOST_TEST(refusal_of_value("x:mean", "\"1,5\",1") == "t.csv:3: column x: '1,5' is no number, such as 12.5");
  BOOST_TEST(refusal_of_value("x:mean", "1 ,1").starts_with("t.csv:3: column x: '1 '"));
}

BOOST_AUTO_TEST_CASE(what_no_value_of_the_kind_is_is_refused) {
  BOOST_TEST(refusal_of_value("x:conversion", "2,1") == "t.csv:3: column x: a conversion is 0 or 1, found 2");
  BOOST_TEST(refusal_of_value("x:count", "1.5,1").find("a count is a whole number") != std::string::npos);
  BOOST_TEST(refusal_of_value("x/y:count", "1,0") == "t.csv:3: column y: an exposure is above 0, found 0");
  BOOST_TEST(refusal_of_value("x:event=y", "-1,1").find("column x: a time is 0 or more") != std::string::npos);
  BOOST_TEST(refusal_of_value("x:event=y", "1,3").find("column y: an event is 1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_table_that_is_not_the_one_asked_about_is_refused) {
  BOOST_TEST(refusal("", asked({"x:mean"})) == "t.csv: the file is empty; its first line names the columns");
  BOOST_TEST(refusal("unit,variant,x\n", asked({"x:mean"})) == "t.csv: there is a header, and no row");
  BOOST_TEST(refusal("unit,variant,revenu\nu,a,1\n", asked({"revenue:mean"})) ==
             "t.csv:1: there is no column 'revenue' (did you mean revenu?); columns are unit, variant, revenu");
  BOOST_TEST(refusal("unit,variant,x,x\nu,a,1,1\n", asked({"x:mean"})) ==
             "t.csv:1: there are two columns of the name 'x'");
  BOOST_TEST(refusal("unit,variant,x\n,a,1\n", asked({"x:mean"})) == "t.csv:2: column unit: it is empty");
  BOOST_TEST(refusal("unit,variant,x\nu,a,1\n", asked({"x:mean", "x:mean"})) == "metric x:mean is named twice");
}

BOOST_AUTO_TEST_CASE(what_is_of_a_unit_is_the_same_in_all_its_rows) {
  TableQuestion question = asked({"x:mean"});
  question.segment_column = "country";
  question.metrics[0].covariate = "before";

  BOOST_TEST(refusal("unit,variant,country,before,x\nu,a,DE,1,1\nu,a,FR,1,1\n", question) ==
             "t.csv:3: column country: unit u is in segment FR here, and in DE before");
  BOOST_TEST(refusal("unit,variant,country,before,x\nu,a,DE,1,1\nu,a,DE,2,1\n", question)
                 .starts_with("t.csv:3: column before: unit u has 2 here, and 1 before"));
  BOOST_TEST(refusal("unit,variant,days,gone\nu,a,1,1\nu,a,2,1\n", asked({"days:event=gone"}))
                 .starts_with("t.csv:3: column unit: unit u has a second row"));
}

BOOST_AUTO_TEST_SUITE_END()
