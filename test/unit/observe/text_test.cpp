#include "runtime/observe/text.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::observe;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(only_valid_utf8_has_a_length) {
  BOOST_TEST(utf8_length("a") == 1u);
  BOOST_TEST(utf8_length("\xC2\x80") == 2u);
  BOOST_TEST(utf8_length("\xE0\xA0\x80") == 3u);
  BOOST_TEST(utf8_length("\xF4\x8F\xBF\xBF") == 4u);
  for (const char* bad : {"", "\x80", "\xC0\xAF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82"})
    BOOST_TEST(utf8_length(bad) == 0u);
}

BOOST_AUTO_TEST_CASE(cutting_never_splits_a_character) {
  BOOST_TEST(sanitize("aé", 2) == "a");
  BOOST_TEST(sanitize("aé", 3) == "aé");
  BOOST_TEST(sanitize("a\xFF!", 10) == "a?!");
}

BOOST_AUTO_TEST_SUITE_END()
