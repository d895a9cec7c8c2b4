#include "actors/experiment/statistics/rate_sequence.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

BOOST_AUTO_TEST_SUITE(rate_sequence_suite)

BOOST_AUTO_TEST_CASE(an_arms_sequence_is_that_of_the_reference) {
  const std::string method = "beta-binomial confidence sequence, rate";
  for (const auto& c : oracle("sequential")["rate_sequence"]) {
    const auto interval =
        rate_sequence({c["trials"], c["successes"]}, {number(c["alpha"]), number(c["prior"][0]), number(c["prior"][1])})
            .value();
    count_case(method);
    BOOST_TEST_CONTEXT(c.dump()) {
      near(method, interval.low, number(c["low"]));
      near(method, interval.high, number(c["high"]));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_differences_sequence_is_that_of_the_reference) {
  const std::string method = "beta-binomial confidence sequence, difference";
  for (const auto& c : oracle("sequential")["rate_difference"]) {
    const auto said =
        rate_difference_sequence({c["a"][0], c["a"][1]}, {c["b"][0], c["b"][1]}, {.alpha = number(c["alpha"])}).value();
    count_case(method);
    BOOST_TEST_CONTEXT(c.dump()) {
      near(method, said.statistic, number(c["log_e"]), 1e-9, 1);
      near(method, said.estimate, number(c["estimate"]));
      near(method, said.interval.low, number(c["low"]), 1e-6);
      near(method, said.interval.high, number(c["high"]), 1e-6);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_difference_is_narrower_than_two_sequences_at_half_alpha) {
  const RateCounts a{10'000, 1000}, b{10'000, 1100};
  const auto joint = rate_difference_sequence(a, b, {}).value().interval;
  const auto alone_a = rate_sequence(a, {.alpha = 0.025}).value(), alone_b = rate_sequence(b, {.alpha = 0.025}).value();

  const double two = (alone_b.high - alone_a.low) - (alone_b.low - alone_a.high);
  BOOST_TEST(joint.high - joint.low < 0.9 * two);
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  BOOST_TEST(refused(rate_sequence({0, 0}, {})));
  BOOST_TEST(refused(rate_sequence({1, 2}, {})));
  BOOST_TEST(refused(rate_sequence({2, 1}, {.alpha = 1})));
  BOOST_TEST(refused(rate_sequence({2, 1}, {.prior_successes = not_a_number})));
  BOOST_TEST(refused(rate_difference_sequence({10, 1}, {0, 0}, {})));
  BOOST_TEST(refused(rate_difference_sequence({10, 1}, {10, 1}, {.prior_failures = 0})));
}

BOOST_AUTO_TEST_SUITE_END()
