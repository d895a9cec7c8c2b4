#include "actors/experiment/statistics/bayesian.hpp"

#include <cmath>
#include <numeric>

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

Posterior posterior(const nlohmann::json& arm) {
  const auto kind = arm["kind"].get<std::string>();
  const auto data = numbers(arm["data"]), prior = numbers(arm["prior"]);
  if (kind == "rate") return rate_posterior({data[0], data[1]}, {prior[0], prior[1]}).value();
  if (kind == "events") return event_rate_posterior(data[0], data[1], {prior[0], prior[1]}).value();
  return mean_posterior({data[0], data[1], data[2]}, {prior[0], prior[1], prior[2], prior[3]}).value();
}

std::vector<Posterior> posteriors(const nlohmann::json& arms) {
  std::vector<Posterior> all;
  for (const auto& arm : arms) all.push_back(posterior(arm));
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bayesian)

BOOST_AUTO_TEST_CASE(beliefs_about_arms_are_those_of_the_reference) {
  for (const auto& c : oracle("bayesian")["arms"]) {
    const std::string method = "Bayesian arms, " + c["arms"][0]["kind"].get<std::string>();
    const auto beliefs =
        compare_arms(posteriors(c["arms"]), {number(c["credibility"]), c["higher_is_better"].get<bool>()}).value();
    const double scale = number(c["scale"]);
    count_case(method);
    BOOST_TEST_CONTEXT(c.dump()) {
      for (size_t i = 0; i < beliefs.size(); ++i) {
        near(method, beliefs[i].mean, number(c["mean"][i]));
        near(method, beliefs[i].probability_best, number(c["probability_best"][i]), 1e-9, 1);
        near(method, beliefs[i].expected_loss, number(c["expected_loss"][i]), 1e-9, scale);
        near(method, beliefs[i].credible.low, number(c["low"][i]));
        near(method, beliefs[i].credible.high, number(c["high"][i]));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(beliefs_about_a_difference_are_those_of_the_reference) {
  for (const auto& c : oracle("bayesian")["differences"]) {
    const std::string method = "Bayesian difference, " + c["arms"][0]["kind"].get<std::string>();
    const auto belief =
        compare_two(posterior(c["arms"][0]), posterior(c["arms"][1]), number(c["rope"]), number(c["credibility"]))
            .value();
    const double scale = number(c["scale"]);
    count_case(method);
    BOOST_TEST_CONTEXT(c.dump()) {
      near(method, belief.mean, number(c["mean"]), 1e-9, scale);
      near(method, belief.probability_greater, number(c["probability_greater"]), 1e-9, 1);
      near(method, belief.probability_rope, number(c["probability_rope"]), 1e-9, 1);
      near(method, belief.credible.low, number(c["low"]), 1e-6, scale);
      near(method, belief.credible.high, number(c["high"]), 1e-6, scale);
    }
  }
}

BOOST_AUTO_TEST_CASE(equal_arms_are_equally_good) {
  const std::vector<Posterior> arms(4, rate_posterior({30, 100}).value());
  const auto beliefs = compare_arms(arms).value();
  for (const auto& belief : beliefs) {
    BOOST_TEST(belief.probability_best == 0.25, boost::test_tools::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(chances_sum_to_one_also_where_arms_know_very_different_amounts) {
  const std::vector<Posterior> arms{rate_posterior({2, 5}).value(), rate_posterior({4e8, 1e9}).value(),
                                    rate_posterior({400, 1001}).value()};
  double sum = 0;
  const auto beliefs = compare_arms(arms).value();
  for (const auto& belief : beliefs) sum += belief.probability_best;
  BOOST_TEST(sum == 1, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(two_rates_agree_with_the_closed_form) {
  // P(b > a) for whole-numbered betas: sum over i < b.a of B(a.a + i, a.b + b.b) / ((b.b + i) B(1 + i, b.b) B(a.a,
  // a.b)).
  const auto belief = compare_two(rate_posterior({2, 5}).value(), rate_posterior({6, 9}).value(), 0).value();
  const auto beta = [](double a, double b) { return std::beta(a, b); };
  double sum = 0;
  for (int i = 0; i < 7; ++i) sum += beta(3 + i, 4 + 4) / ((4 + i) * beta(1 + i, 4) * beta(3, 4));
  BOOST_TEST(belief.probability_greater == sum, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const Posterior good = Beta{2, 3};
  BOOST_TEST(refused(rate_posterior({0, 0})));
  BOOST_TEST(refused(rate_posterior({3, 2})));
  BOOST_TEST(refused(rate_posterior({1, 2}, {0, 1})));
  BOOST_TEST(refused(mean_posterior({3, 1, 1})));
  BOOST_TEST(refused(mean_posterior({10, 1, 0})));
  BOOST_TEST(refused(mean_posterior({10, not_a_number, 1})));
  BOOST_TEST(refused(mean_posterior({10, 1, 1}, {.strength = -1})));
  BOOST_TEST(refused(event_rate_posterior(-1, 1)));
  BOOST_TEST(refused(event_rate_posterior(1, 0)));
  BOOST_TEST(refused(event_rate_posterior(1, 1, {.shape = 0})));
  BOOST_TEST(refused(compare_arms(std::vector<Posterior>{good})));
  BOOST_TEST(refused(compare_arms(std::vector<Posterior>(17, good))));
  BOOST_TEST(refused(compare_arms(std::vector<Posterior>{good, Beta{0, 1}})));
  BOOST_TEST(refused(compare_arms(std::vector<Posterior>{good, LocatedT{0, 1, 2}})));
  BOOST_TEST(refused(compare_arms(std::vector<Posterior>{good, good}, {.credibility = 1})));
  BOOST_TEST(refused(compare_two(good, good, -1)));
  BOOST_TEST(refused(compare_two(good, Gamma{1, not_a_number}, 0)));
}

BOOST_AUTO_TEST_SUITE_END()
