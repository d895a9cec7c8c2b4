#include "actors/experiment/planning/watching_cost.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/experiment/statistics/mean_sequence.hpp"

using namespace troupe::experiment;

BOOST_AUTO_TEST_SUITE(watching_cost_tests)

BOOST_AUTO_TEST_CASE(it_is_what_the_sequences_do_on_drawn_traffic) {
  // docs/statistics.md: the asymptotic sequence, planned for the fixed test's sample, finds a difference for which that
  // has 80 % power by n in 54 %, by 1.5 n in 77 % and in the median at 0.92 n.
  WatchedTest test;
  test.shift = 1.959964 + 0.841621;
  test.prior_ratio = tuned_prior_sd(1, 0.05).value();
  test.power = 0.77;
  const WatchingCost cost = watching_cost(test).value();

  BOOST_TEST(std::abs(cost.found_by_plan - 0.54) < 0.03);
  BOOST_TEST(std::abs(*cost.median - 0.92) < 0.04);
  BOOST_TEST(std::abs(*cost.for_power - 1.5) < 0.06);
  BOOST_TEST(cost.mean > *cost.median);
}

BOOST_AUTO_TEST_CASE(nothing_is_found_before_the_first_look_and_little_of_a_small_effect) {
  WatchedTest late{.shift = 8, .prior_ratio = 3, .first_look = 0.7};
  WatchedTest small{.shift = 0.3, .prior_ratio = 3};

  BOOST_TEST(*watching_cost(late)->median == 0.7, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(!watching_cost(small)->median.has_value());
  BOOST_TEST(watching_cost(small)->mean > 7);
}

BOOST_AUTO_TEST_CASE(what_is_no_effect_is_refused) {
  BOOST_TEST(!watching_cost({.shift = 0}).has_value());
  BOOST_TEST(!watching_cost({.alpha = 0, .shift = 1}).has_value());
  BOOST_TEST(!watching_cost({.shift = 1, .prior_ratio = 0}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
