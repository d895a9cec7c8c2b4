#include "cluster/cli/log_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::cli;
using nlohmann::json;

namespace {

const std::vector<ShownLog> one{{"w1", "00000000000000a1", "clerk", "clerk@2"}};
const std::vector<ShownLog> two{{"w1", "00000000000000a1", "clerk", "clerk@2"},
                                {"w2", "00000000000000b2", "clerk", "clerk@2"}};

std::string write(const std::vector<ShownLog>& logs, const std::vector<ShownLine>& lines, LogStyle style = {}) {
  LogText text(style);
  std::string all;
  for (const ShownLine& line : lines) all += text.write(logs, line);
  return all + text.end();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_text)

BOOST_AUTO_TEST_CASE(lines_of_one_log_stand_alone) {
  BOOST_TEST(write(one, {{0, "", "a"}, {0, "", "b"}}) == "a\nb\n");
}

BOOST_AUTO_TEST_CASE(lines_of_several_say_whose_they_are) {
  BOOST_TEST(write(two, {{0, "", "a"}, {1, "", "b"}}) == "[w1 00000000000000a1] a\n[w2 00000000000000b2] b\n");
}

BOOST_AUTO_TEST_CASE(pieces_of_a_line_are_put_together) {
  BOOST_TEST(write(one, {{0, "", "ab", false, true}, {0, "", "cd", true, true}, {0, "", "e", true}, {0, "", "f"}}) ==
             "abcde\nf\n");
}

BOOST_AUTO_TEST_CASE(another_logs_line_does_not_run_into_one_that_is_open) {
  BOOST_TEST(write(two, {{0, "", "ab", false, true}, {1, "", "x"}, {0, "", "c", true}}) ==
             "[w1 00000000000000a1] ab\n[w2 00000000000000b2] x\n[w1 00000000000000a1] c\n");
}

BOOST_AUTO_TEST_CASE(a_line_that_is_open_in_the_end_is_ended) {
  BOOST_TEST(write(one, {{0, "", "ab", false, true}}) == "ab\n");
}

BOOST_AUTO_TEST_CASE(times_are_shown_where_they_are_wanted_and_not_in_the_line_itself) {
  const LogStyle style{.timestamps = true};
  BOOST_TEST(write(one, {{0, "T1", "a"}}, style) == "T1 a\n");
  BOOST_TEST(write(one, {{0, "T1", R"({"ts":"T1"})"}, {0, "", "b"}}, style) == "{\"ts\":\"T1\"}\nb\n");
}

BOOST_AUTO_TEST_CASE(what_would_move_a_terminal_is_written_out) {
  BOOST_TEST(printable("a\tb\x1b[31mred\r\x7f\xC2\x9B"
                       "1m é") == "a\tb\\x1b[31mred\\x0d\\x7f\\x9b1m é");
}

BOOST_AUTO_TEST_CASE(as_json_a_line_is_an_object_with_its_exact_text) {
  const std::string text = write(two, {{1, "T1", "\x1b[1m", true, false}}, {.json = true});

  const json row = json::parse(text);
  const json expected{{"node", "w2"},          {"replica", "00000000000000b2"},
                      {"deployment", "clerk"}, {"model", "clerk@2"},
                      {"time", "T1"},          {"text", "\x1b[1m"},
                      {"continues", true}};
  BOOST_TEST(row == expected);
  BOOST_TEST(text.ends_with("}\n"));
}

BOOST_AUTO_TEST_CASE(a_page_becomes_lines) {
  const auto lines = lines_of(
      3, json::parse(R"({"lines": [{"text": "a"}, {"time": "T", "text": "b"}], "continues": true, "open": true})"));

  BOOST_REQUIRE(lines.size() == 2U);
  BOOST_TEST((lines[0].log == 3U && lines[0].text == "a" && lines[0].continues && !lines[0].is_open));
  BOOST_TEST((lines[1].time == "T" && !lines[1].continues && lines[1].is_open));
  BOOST_TEST(lines_of(0, json::parse("{}")).empty());
}

BOOST_AUTO_TEST_CASE(several_logs_are_in_the_order_of_time_and_lines_without_one_stay_where_they_were) {
  std::vector<ShownLine> lines{{0, "T1", "a"}, {0, "", "a more"}, {0, "T3", "c"}, {1, "T2", "b"}, {1, "", "b more"}};

  sort_by_time(lines);

  std::string order;
  for (const ShownLine& line : lines) order += line.text + '|';
  BOOST_TEST(order == "a|a more|b|b more|c|");
}

BOOST_AUTO_TEST_SUITE_END()
