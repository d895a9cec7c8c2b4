#include "runtime/base/nearest.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;

BOOST_AUTO_TEST_SUITE(nearest)

BOOST_AUTO_TEST_CASE(a_slip_of_the_finger_finds_its_word) {
  BOOST_TEST(did_you_mean("replcas", {"replicas", "resources"}) == " (did you mean replicas?)");
}

BOOST_AUTO_TEST_CASE(a_different_word_finds_nothing) {
  BOOST_TEST(did_you_mean("banana", {"replicas", "resources"}).empty());
  BOOST_TEST(did_you_mean("x", {}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
