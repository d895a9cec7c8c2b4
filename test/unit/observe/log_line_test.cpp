#include "runtime/observe/log_line.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <limits>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::observe;

namespace {

template <class... Fields>
std::string json_of(std::string_view message, const Fields&... fields) {
  const std::array<LogField, sizeof...(Fields)> all{fields...};
  return json_line({wall_time_from_unix_microseconds(0), LogLevel::warn, "gateway", message, all});
}

template <class... Fields>
std::string text_of(std::string_view message, const Fields&... fields) {
  const std::array<LogField, sizeof...(Fields)> all{fields...};
  return text_line({wall_time_from_unix_microseconds(0), LogLevel::warn, "gateway", message, all});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_line)

BOOST_AUTO_TEST_CASE(a_json_line_has_time_level_component_message_and_fields) {
  BOOST_TEST(json_of("request done", kv("request_id", "req_1"), kv("node", NodeId{0xC0FFEE}), kv("wait_us", 12),
                     kv("bytes", size_t{3}), kv("share", 0.25), kv("cached", true)) ==
             R"({"ts":"1970-01-01T00:00:00.000Z","level":"warn","component":"gateway","msg":"request done",)"
             R"("request_id":"req_1","node":"0000000000c0ffee","wait_us":12,"bytes":3,"share":0.25,"cached":true})");
}

BOOST_DATA_TEST_CASE(any_bytes_make_one_line_of_valid_json,
                     boost::unit_test::data::make({"quote \" and \\", "line\nbreak\r\n", "tab\t", "\x01\x1b[31m\x7f",
                                                   "é漢🎭", "bad \xFF\xC3 bytes", "\xED\xA0\x80", "\xF5\x80\x80\x80",
                                                   "\xC0\xAF", "cut \xE2\x82", "</script>", ""}),
                     bytes) {
  const std::string line = json_of(bytes, kv("value", bytes));

  const auto json = nlohmann::json::parse(line, nullptr, false);

  BOOST_REQUIRE_MESSAGE(!json.is_discarded(), line);
  BOOST_TEST(line.find('\n') == std::string::npos);
  BOOST_TEST(json["msg"] == json["value"]);
}

BOOST_AUTO_TEST_CASE(strings_come_back_unchanged) {
  const std::string hostile = "a\"b\\c\n\t\x01 é漢🎭";

  BOOST_TEST(nlohmann::json::parse(json_of(hostile))["msg"].get<std::string>() == hostile);
}

BOOST_AUTO_TEST_CASE(long_strings_are_cut) {
  const std::string line = json_of(std::string(1'000'000, 'x'));

  BOOST_TEST(line.size() < 5000u);
  BOOST_TEST(nlohmann::json::parse(line)["msg"].get<std::string>().ends_with("x…"));
}

BOOST_AUTO_TEST_CASE(numbers_that_json_lacks_are_null) {
  BOOST_TEST(json_of("m", kv("a", std::numeric_limits<double>::infinity())).ends_with("\"a\":null}"));
}

BOOST_AUTO_TEST_CASE(a_text_line_quotes_what_is_more_than_a_word) {
  BOOST_TEST(text_of("request done", kv("id", "req_1"), kv("why", "two words"), kv("none", ""), kv("n", -3),
                     kv("node", NodeId{0xC0FFEE})) ==
             "1970-01-01T00:00:00.000Z warn  gateway: request done id=req_1 why=\"two words\" none=\"\" n=-3 "
             "node=0000000000c0ffee");
}

BOOST_AUTO_TEST_CASE(a_text_line_cannot_be_forged_by_line_breaks) {
  const std::string line = text_of("a\nb", kv("k", "x\ny=\"z\""));

  BOOST_TEST(line.ends_with(R"(gateway: a\nb k="x\ny=\"z\"")"));
}

BOOST_AUTO_TEST_SUITE_END()
