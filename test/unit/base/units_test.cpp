#include "runtime/base/units.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(units)

BOOST_AUTO_TEST_CASE(durations_need_a_unit_unless_zero) {
  BOOST_TEST((parse_duration("5ms").value() == 5ms));
  BOOST_TEST((parse_duration("1.5s").value() == 1500ms));
  BOOST_TEST((parse_duration("0").value() == 0ms));

  const auto bare = parse_duration("5");

  BOOST_REQUIRE(!bare);
  BOOST_TEST(bare.error().message ==
             "'5' has no unit that a duration can have; write it like 250us, 5ms, 1.5s, 2m or 1h");
}

BOOST_AUTO_TEST_CASE(negative_huge_and_wordy_durations_are_refused) {
  for (const char* text : {"-5ms", "nan", "1e300s", "soon", ""}) BOOST_TEST(!parse_duration(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(formatted_durations_parse_back) {
  for (const Duration d : {Duration{0}, Duration{1ns}, Duration{1500ms}, Duration{2min}, Duration{3h}})
    BOOST_TEST((parse_duration(format_duration(d)).value() == d));
}

BOOST_AUTO_TEST_CASE(sizes_know_both_powers) {
  BOOST_TEST((parse_bytes("64KiB").value() == 64_KiB));
  BOOST_TEST(parse_bytes("64KB").value().value == 64000u);
  BOOST_TEST(format_bytes(512_MiB) == "512MiB");
}

BOOST_AUTO_TEST_SUITE_END()
