#include "actors/experiment/statistics/proportions.hpp"

#include <cmath>

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

BOOST_AUTO_TEST_SUITE(proportions)

BOOST_AUTO_TEST_CASE(the_pooled_z_test_and_walds_interval_are_the_references) {
  for (const auto& c : oracle("proportions")["pooled_wald"]) {
    BOOST_TEST_CONTEXT(c.dump()) {
      count_case("two-proportion z, pooled; Wald");
      const auto result = two_proportion_z(proportion(c["first"]), proportion(c["second"]),
                                           {.test = test_options(c), .interval = ProportionInterval::wald});
      compare("two-proportion z, pooled; Wald", result.value(), c);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_unpooled_z_test_and_newcombes_interval_are_the_references) {
  for (const auto& c : oracle("proportions")["unpooled_newcombe"]) {
    BOOST_TEST_CONTEXT(c.dump()) {
      count_case("two-proportion z, unpooled; Newcombe");
      const auto result = two_proportion_z(proportion(c["first"]), proportion(c["second"]),
                                           {.test = test_options(c), .variance = ProportionVariance::unpooled});
      compare("two-proportion z, unpooled; Newcombe", result.value(), c);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_relative_lift_is_the_references) {
  for (const auto& c : oracle("proportions")["lift"]) {
    BOOST_TEST_CONTEXT(c.dump()) {
      count_case("relative lift of proportions (Katz)");
      compare("relative lift of proportions (Katz)",
              relative_lift_of_proportions(proportion(c["first"]), proportion(c["second"]), test_options(c)).value(),
              c);
    }
  }
}

BOOST_AUTO_TEST_CASE(wilsons_interval_is_the_references) {
  for (const auto& c : oracle("proportions")["wilson"]) {
    BOOST_TEST_CONTEXT(c.dump()) {
      count_case("Wilson interval");
      const Interval ours = wilson_interval(proportion(c["arm"]), number(c["confidence"])).value();
      near("Wilson interval", ours.low, number(c["low"]));
      near("Wilson interval", ours.high, number(c["high"]));
    }
  }
}

BOOST_AUTO_TEST_CASE(cohens_h_is_the_references) {
  for (const auto& c : oracle("proportions")["cohens_h"]) {
    count_case("Cohen's h");
    near("Cohen's h", cohens_h(number(c["first"]), number(c["second"])).value(), number(c["h"]), 1e-9, 1);
  }
}

BOOST_AUTO_TEST_CASE(newcombes_interval_has_an_answer_where_nothing_succeeds_or_all_does) {
  for (const Proportion both : {Proportion{0, 100}, Proportion{100, 100}, Proportion{1e12, 1e12}}) {
    const Interval interval = difference_interval(both, both, ProportionInterval::newcombe).value();
    BOOST_TEST(interval.low < 0);
    BOOST_TEST(interval.high > 0);
    BOOST_TEST(interval.low == -interval.high);
    BOOST_TEST(interval.high < 0.04);
  }
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const Proportion fine{3, 10};
  for (const Proportion bad : {Proportion{0, 0}, Proportion{-1, 10}, Proportion{11, 10}, Proportion{2.5, 10},
                               Proportion{not_a_number, 10}, Proportion{3, infinite}, Proportion{1, 1e17}}) {
    BOOST_TEST(refused(two_proportion_z(bad, fine)));
    BOOST_TEST(refused(two_proportion_z(fine, bad)));
    BOOST_TEST(refused(relative_lift_of_proportions(fine, bad)));
    BOOST_TEST(refused(difference_interval(bad, fine, ProportionInterval::wald)));
    BOOST_TEST(refused(wilson_interval(bad)));
  }
  for (const double confidence : {0.0, 1.0, -1.0, not_a_number}) {
    BOOST_TEST(refused(two_proportion_z(fine, fine, {.test = {.confidence = confidence}})));
    BOOST_TEST(refused(relative_lift_of_proportions(fine, fine, {.confidence = confidence})));
    BOOST_TEST(refused(wilson_interval(fine, confidence)));
  }
  BOOST_TEST(refused(two_proportion_z({0, 10}, {0, 20})));
  BOOST_TEST(refused(two_proportion_z({10, 10}, {20, 20})));
  BOOST_TEST(refused(two_proportion_z({0, 10}, {20, 20}, {.variance = ProportionVariance::unpooled})));
  BOOST_TEST(refused(relative_lift_of_proportions({0, 10}, fine)));
  BOOST_TEST(refused(relative_lift_of_proportions({10, 10}, {20, 20})));
  BOOST_TEST(refused(cohens_h(-0.1, 0.5)));
  BOOST_TEST(refused(cohens_h(0.1, not_a_number)));
}

BOOST_AUTO_TEST_SUITE_END()
