#include "actors/experiment/statistics/estimate.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

BOOST_AUTO_TEST_SUITE(estimate)

BOOST_AUTO_TEST_CASE(differences_and_their_errors_are_those_of_the_reference) {
  for (const auto& c : oracle("bayesian")["estimates"]) {
    const auto means = [&](size_t arm) { return Moments{c["n"][arm], c["mean"][arm], c["m2"][arm]}; };
    const auto ratios = [&](size_t arm) {
      return RatioMoments{c["n"][arm], c["x"][arm], c["y"][arm], c["xx"][arm], c["yy"][arm], c["xy"][arm]};
    };
    count_case("difference of means, estimate");
    const auto of_means = difference_of_means(means(0), means(1)).value();
    near("difference of means, estimate", of_means.value, number(c["means"]["value"]), 1e-9, 1);
    near("difference of means, estimate", of_means.standard_error, number(c["means"]["standard_error"]));
    count_case("difference of ratios, estimate");
    const auto of_ratios = difference_of_ratios(ratios(0), ratios(1)).value();
    near("difference of ratios, estimate", of_ratios.value, number(c["ratios"]["value"]), 1e-9, 1);
    near("difference of ratios, estimate", of_ratios.standard_error, number(c["ratios"]["standard_error"]));
    BOOST_TEST(of_ratios.units_b == c["n"][1].get<uint64_t>());
  }
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  BOOST_TEST(refused(difference_of_means({1, 5, 0}, {10, 5, 3})));
  BOOST_TEST(refused(difference_of_means({10, 5, 0}, {10, 6, 0})));
  BOOST_TEST(refused(difference_of_means({10, not_a_number, 1}, {10, 6, 1})));
  const RatioMoments good{10, 20, 5, 50, 4, 11};
  BOOST_TEST(refused(difference_of_ratios(good, {1, 2, 1, 4, 1, 2})));
  BOOST_TEST(refused(difference_of_ratios(good, {10, 0, 5, 50, 4, 11})));
  BOOST_TEST(refused(difference_of_ratios(good, {10, 20, infinite, 50, 4, 11})));
  BOOST_TEST(refused(difference_of_ratios({2, 4, 2, 8, 2, 4}, {2, 4, 2, 8, 2, 4})));
}

BOOST_AUTO_TEST_SUITE_END()
