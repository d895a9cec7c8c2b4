#include "actors/experiment/statistics/mean_sequence.hpp"

#include <cmath>

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

BOOST_AUTO_TEST_SUITE(mean_sequence_suite)

BOOST_AUTO_TEST_CASE(evidence_interval_and_prior_are_those_of_the_reference) {
  const std::string method = "asymptotic confidence sequence";
  for (const auto& c : oracle("sequential")["mean_sequence"]) {
    const Estimate estimate{number(c["value"]), number(c["standard_error"])};
    const double sd = number(c["prior_sd"]), alpha = number(c["alpha"]);
    const auto side = alternative(c["alternative"]);
    count_case(method);
    BOOST_TEST_CONTEXT(c.dump()) {
      near(method, log_mean_evidence(estimate, sd, side).value(), number(c["log_e"]), 1e-9, 1);
      const auto interval = mean_sequence(estimate, sd, alpha, side).value();
      near(method, interval.low, number(c["low"]), 1e-9, estimate.standard_error);
      near(method, interval.high, number(c["high"]), 1e-9, estimate.standard_error);
      near(method, tuned_prior_sd(estimate.standard_error, alpha).value(), number(c["tuned"]));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_tuned_prior_is_narrowest_where_it_was_tuned) {
  const Estimate estimate{0, 0.02};
  const double tuned = tuned_prior_sd(0.02, 0.05).value();
  const auto width = [&](double sd) { return mean_sequence(estimate, sd, 0.05, Alternative::two_sided).value().high; };

  BOOST_TEST(width(tuned) < width(0.8 * tuned));
  BOOST_TEST(width(tuned) < width(1.25 * tuned));
}

BOOST_AUTO_TEST_CASE(nothing_is_said_before_the_burn_in) {
  auto watch = MeanWatch::make({.units_min = 200}).value();
  BOOST_REQUIRE(watch.look({.value = 100, .standard_error = 1, .units_a = 1000, .units_b = 199}));
  BOOST_TEST(refused(watch.now()));
  BOOST_TEST(watch.log_evidence() == 0);

  BOOST_REQUIRE(watch.look({.value = 100, .standard_error = 1, .units_a = 1000, .units_b = 200}));
  BOOST_TEST(watch.now().value().p_value < 1e-6);
}

BOOST_AUTO_TEST_CASE(what_was_found_stays_found) {
  auto watch = MeanWatch::make({}).value();
  BOOST_REQUIRE(watch.look({0.5, 0.1, 1000, 1000}));
  const double found = watch.now().value().p_value;
  BOOST_REQUIRE(watch.look({0.0, 0.09, 1300, 1300}));

  BOOST_TEST(found < 0.05);
  BOOST_TEST(watch.now().value().p_value == found);
  BOOST_TEST(watch.now().value().interval.low < 0);
  BOOST_TEST(watch.log_evidence() < 0);
}

BOOST_AUTO_TEST_CASE(an_estimate_far_on_the_wrong_side_is_no_evidence_and_no_nan) {
  for (const double value : {-1e6, -1e12, -1e50}) {
    const double log_e = log_mean_evidence({value, 1}, 10, Alternative::greater).value();
    // About log(2 / (sqrt(2 pi) 10)) - log(-value): the prior's mass close to 0.
    BOOST_TEST(log_e == std::log(0.0797884560802865) - std::log(-value), boost::test_tools::tolerance(1e-3));
  }
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  BOOST_TEST(refused(tuned_prior_sd(0, 0.05)));
  BOOST_TEST(refused(tuned_prior_sd(1, 0)));
  BOOST_TEST(refused(log_mean_evidence({not_a_number, 1}, 1, Alternative::two_sided)));
  BOOST_TEST(refused(log_mean_evidence({0, 0}, 1, Alternative::two_sided)));
  BOOST_TEST(refused(log_mean_evidence({0, 1}, infinite, Alternative::two_sided)));
  BOOST_TEST(refused(log_mean_evidence({1, 1e-300}, 1, Alternative::two_sided)));
  BOOST_TEST(refused(mean_sequence({0, 1e-200}, 1, 0.05, Alternative::two_sided)));
  BOOST_TEST(refused(mean_sequence({0, 1}, 1, 1.5, Alternative::two_sided)));
  BOOST_TEST(refused(MeanWatch::make({.alpha = -1})));
  BOOST_TEST(refused(MeanWatch::make({.units_planned = 0})));
  BOOST_TEST(refused(MeanWatch::make({.units_min = 1})));
  auto watch = MeanWatch::make({}).value();
  BOOST_TEST(refused(watch.look({0, 0, 1000, 1000})));
  BOOST_TEST(refused(watch.look({infinite, 1, 1000, 1000})));
}

BOOST_AUTO_TEST_SUITE_END()
