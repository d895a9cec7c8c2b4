#include "runtime/config/scalars.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "test/unit/config/sample_options.hpp"

using namespace sample;

namespace {

struct Numbers {
  int8_t i8 = 0;
  uint8_t u8 = 0;
  int64_t i64 = 0;
  uint64_t u64 = 0;
  double real = 0;
};
void describe(config::Schema<Numbers>& s) {
  s.field("i8", &Numbers::i8, "");
  s.field("u8", &Numbers::u8, "");
  s.field("i64", &Numbers::i64, "");
  s.field("u64", &Numbers::u64, "");
  s.field("real", &Numbers::real, "");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scalars)

BOOST_AUTO_TEST_CASE(integers_reach_to_the_ends_of_their_type) {
  const auto numbers = bind_text<Numbers>("{i8: -128, u8: 255, i64: -9223372036854775808, u64: 18446744073709551615}");

  BOOST_REQUIRE(numbers.has_value());
  BOOST_TEST(numbers->i8 == -128);
  BOOST_TEST(numbers->u8 == 255);
  BOOST_TEST(numbers->i64 == std::numeric_limits<int64_t>::min());
  BOOST_TEST(numbers->u64 == std::numeric_limits<uint64_t>::max());
}

BOOST_DATA_TEST_CASE(integers_past_the_ends_of_their_type_are_refused,
                     boost::unit_test::data::make({"{i8: 128}", "{i8: -129}", "{u8: 256}", "{u8: -1}",
                                                   "{i64: 9223372036854775808}", "{u64: 18446744073709551616}"}),
                     yaml) {
  BOOST_TEST(!bind_text<Numbers>(yaml).has_value());
}

BOOST_DATA_TEST_CASE(what_only_looks_like_a_whole_number_is_refused,
                     boost::unit_test::data::make({"1x", "010", "0x10", "0o7", "+1", "1.0", "1e3", "1_000", "--1", "-",
                                                   "''", "\"12\"", "1 2", "true", "~"}),
                     text) {
  BOOST_TEST(!bind_text<Numbers>("i64: " + std::string(text)).has_value());
}

BOOST_AUTO_TEST_CASE(real_numbers_follow_json) {
  for (const auto& [text, value] : std::vector<std::pair<std::string, double>>{
           {"0", 0}, {"-2", -2}, {"0.25", 0.25}, {"1e3", 1000}, {"-1.5E-2", -0.015}})
    BOOST_TEST(bind_text<Numbers>("real: " + text).value().real == value);
}

BOOST_DATA_TEST_CASE(what_only_looks_like_a_real_number_is_refused,
                     boost::unit_test::data::make({".5", "5.", "nan", ".nan", "inf", "-.inf", "1e999", "01.5", "1.5x",
                                                   "0x1p3", "1,5", "1e"}),
                     text) {
  BOOST_TEST(!bind_text<Numbers>("real: " + std::string(text)).has_value());
}

BOOST_AUTO_TEST_CASE(text_may_look_like_anything_but_a_list_or_nothing) {
  for (const char* text : {"12", "true", "1.10", "0x10", "2026-11-21"})
    BOOST_TEST(bind_text<Deployment>("name: " + std::string(text)).value().name == text);
  BOOST_TEST(!bind_text<Deployment>("name:").has_value());
  BOOST_TEST(!bind_text<Deployment>("name: [a]").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
