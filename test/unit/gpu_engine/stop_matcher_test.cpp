#include "gpu/engine/stop_matcher.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using troupe::gpu::StopMatcher;

BOOST_AUTO_TEST_SUITE(stop_matcher)

BOOST_AUTO_TEST_CASE(text_that_may_begin_a_stop_string_is_held_back) {
  StopMatcher matcher({"###"});

  BOOST_TEST(matcher.push("one #").text == "one ");
  BOOST_TEST(matcher.push("#").text == "");
  BOOST_TEST(matcher.push(" two").text == "## two");
  BOOST_TEST(matcher.push("#").text == "");
  BOOST_TEST(matcher.flush() == "#");
}

BOOST_AUTO_TEST_CASE(a_stop_string_in_pieces_ends_the_text_before_it) {
  StopMatcher matcher({"\n\n", "END"});

  BOOST_TEST(matcher.push("the E").text == "the ");
  BOOST_TEST(!matcher.push("N").matched);
  const auto last = matcher.push("D of it");

  BOOST_TEST(last.matched);
  BOOST_TEST(last.text == "");
}

BOOST_AUTO_TEST_CASE(the_earliest_stop_string_counts) {
  StopMatcher matcher({"later", "now"});
  const auto output = matcher.push("here now and later");

  BOOST_TEST(output.matched);
  BOOST_TEST(output.text == "here ");
}

BOOST_AUTO_TEST_CASE(a_false_start_inside_a_stop_string_is_followed) {
  StopMatcher matcher({"aab"});

  BOOST_TEST(matcher.push("a").text == "");
  BOOST_TEST(matcher.push("a").text == "");
  BOOST_TEST(matcher.push("a").text == "a");
  BOOST_TEST(matcher.push("b").matched);
}

BOOST_AUTO_TEST_CASE(any_split_gives_the_same_text) {
  const std::string text = "abracadabra, said the magician: abrac-adabra!";
  for (size_t size = 1; size < text.size(); ++size) {
    StopMatcher matcher({"cadabra!", "n: abracX", "adabra!"});
    std::string shown;
    bool matched = false;
    for (size_t i = 0; i < text.size() && !matched; i += size) {
      const auto output = matcher.push(text.substr(i, size));
      shown += output.text;
      matched = output.matched;
    }
    BOOST_TEST(matched);
    BOOST_TEST(shown == "abracadabra, said the magician: abrac-");
  }
}

BOOST_AUTO_TEST_CASE(without_stop_strings_nothing_is_held) {
  StopMatcher matcher({});
  BOOST_TEST(matcher.push("anything").text == "anything");
  BOOST_TEST(matcher.flush() == "");
}

BOOST_AUTO_TEST_SUITE_END()
