#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "actors/experiment/bandit/draws.hpp"
#include "actors/experiment/bandit/epsilon_greedy.hpp"
#include "actors/experiment/bandit/linear_bandit.hpp"
#include "actors/experiment/bandit/thompson.hpp"
#include "actors/experiment/bandit/ucb1.hpp"

using namespace troupe::experiment;
using troupe::Errc;
using troupe::Result;
using troupe::SeededRandom;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class T>
bool refused(const Result<T>& result) {
  return !result && result.error().code == Errc::invalid_argument && !result.error().message.empty();
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// Mean and variance of 100,000 draws are within 5 standard errors.
template <class Draw>
void check_draws(double mean, double variance, double kurtosis, const Draw& draw) {
  SeededRandom random(1);
  constexpr double n = 100'000;
  double total = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double value = draw(random) - mean;
    total += value;
    squares += value * value;
  }
  BOOST_TEST(std::abs(total / n) < 5 * std::sqrt(variance / n));
  BOOST_TEST(std::abs(squares / n - variance) < 5 * variance * std::sqrt((kurtosis - 1) / n));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(draws)

BOOST_AUTO_TEST_CASE(they_have_the_moments_of_their_distributions) {
  check_draws(0, 1, 3, [](auto& random) { return draw_normal(random); });
  check_draws(3.5, 3.5, 3 + 6 / 3.5, [](auto& random) { return draw_gamma(3.5, random); });
  check_draws(0.3, 0.3, 3 + 6 / 0.3, [](auto& random) { return draw_gamma(0.3, random); });
  check_draws(0.4, 0.04, 3, [](auto& random) { return draw_beta(2, 3, random); });
  check_draws(0, 10.0 / 8, 4, [](auto& random) { return draw_t(10, random); });
}

BOOST_AUTO_TEST_CASE(shapes_too_small_for_doubles_still_give_a_number) {
  SeededRandom random(1);
  for (int i = 0; i < 1000; ++i) {
    const double value = draw_beta(1e-4, 1e-4, random);
    BOOST_REQUIRE(value >= 0);
    BOOST_REQUIRE(value <= 1);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(thompson)

BOOST_AUTO_TEST_CASE(weights_are_the_chances_to_be_best) {
  auto bandit = BetaThompson::make(2, {.draws = 200'000}).value();
  BOOST_REQUIRE(bandit.add(0, 44, 56));
  BOOST_REQUIRE(bandit.add(1, 55, 45));
  SeededRandom random(7);
  const auto weights = bandit.weights(random);
  // Beta(56, 46) above Beta(45, 57), by numerical integration.
  BOOST_TEST(weights[1] == 0.939, boost::test_tools::tolerance(0.005));
  BOOST_TEST(sum(weights) == 1, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(the_same_rewards_and_seed_give_the_same_weights_however_they_were_batched) {
  auto one = BetaThompson::make(3).value(), many = BetaThompson::make(3).value();
  BOOST_REQUIRE(one.add(1, 30, 10));
  for (int i = 0; i < 10; ++i) BOOST_REQUIRE(many.add(1, 3, 1));
  SeededRandom first(5), second(5);
  BOOST_TEST(one.weights(first) == many.weights(second));
}

BOOST_AUTO_TEST_CASE(every_arm_keeps_its_floor) {
  auto bandit = BetaThompson::make(3, {.floor = 0.05}).value();
  BOOST_REQUIRE(bandit.add(0, 1000, 0));
  BOOST_REQUIRE(bandit.add(1, 0, 1000));
  BOOST_REQUIRE(bandit.add(2, 0, 1000));
  SeededRandom random(1);
  const auto weights = bandit.weights(random);
  BOOST_TEST(weights[0] == 0.9, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(weights[1] == 0.05, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(arms_of_unknown_variance_come_first) {
  auto bandit = GaussianThompson::make(3).value();
  BOOST_REQUIRE(bandit.add(0, {100, 5, 90}));
  BOOST_REQUIRE(bandit.add(1, {100, 5, 0}));
  SeededRandom random(1);
  const auto weights = bandit.weights(random);
  BOOST_TEST(weights[0] == 0);
  BOOST_TEST(weights[1] == 0.5);
  BOOST_TEST(bandit.choose(random) != 0u);
}

BOOST_AUTO_TEST_CASE(gaussian_arms_are_told_apart_and_batches_add_up) {
  auto bandit = GaussianThompson::make(2, {.draws = 200'000}).value();
  // 40 values of mean 10.2 as two halves: m2 about the common mean is 340 + 2 * 20 * 0.5^2 = 350.
  BOOST_REQUIRE(bandit.add(0, {20, 9.7, 170}));
  BOOST_REQUIRE(bandit.add(0, {20, 10.7, 170}));
  BOOST_REQUIRE(bandit.add(1, {50, 11.0, 600}));
  SeededRandom random(3);
  // As compare_arms() says of the same moments.
  BOOST_TEST(bandit.weights(random)[1] == 0.8742, boost::test_tools::tolerance(0.005));
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  BOOST_TEST(refused(BetaThompson::make(1)));
  BOOST_TEST(refused(BetaThompson::make(2, {.floor = 0.6})));
  BOOST_TEST(refused(BetaThompson::make(2, {.floor = not_a_number})));
  BOOST_TEST(refused(BetaThompson::make(2, {.draws = 0})));
  BOOST_TEST(refused(BetaThompson::make(2, {.prior = {0, 1}})));
  auto beta = BetaThompson::make(2).value();
  BOOST_TEST(refused(beta.add(2, 1, 1)));
  BOOST_TEST(refused(beta.add(0, -1, 1)));
  BOOST_TEST(refused(beta.add(0, 1, not_a_number)));
  auto gaussian = GaussianThompson::make(2).value();
  BOOST_TEST(refused(gaussian.add(0, {0, 1, 1})));
  BOOST_TEST(refused(gaussian.add(0, {1, not_a_number, 1})));
  BOOST_TEST(refused(GaussianThompson::make(1001)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ucb1)

BOOST_AUTO_TEST_CASE(each_arm_is_tried_once_then_the_highest_index) {
  auto bandit = Ucb1::make(3, 0.1).value();
  BOOST_TEST(bandit.choose() == 0u);
  BOOST_REQUIRE(bandit.add(0, 10, 5));
  BOOST_TEST(bandit.choose() == 1u);
  BOOST_REQUIRE(bandit.add(1, 1000, 600));
  BOOST_REQUIRE(bandit.add(2, 1000, 400));
  // The first arm's mean is lower than the second's, but little is known of it.
  BOOST_TEST(bandit.choose() == 0u);
  BOOST_TEST(bandit.weights()[0] == 0.8, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(bandit.weights()[1] == 0.1, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  BOOST_TEST(refused(Ucb1::make(0)));
  BOOST_TEST(refused(Ucb1::make(4, 0.3)));
  auto bandit = Ucb1::make(2).value();
  BOOST_TEST(refused(bandit.add(2, 1, 1)));
  BOOST_TEST(refused(bandit.add(0, 0, 0)));
  BOOST_TEST(refused(bandit.add(0, 1, 2)));
  BOOST_TEST(refused(bandit.add(0, 1, not_a_number)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(epsilon_greedy)

BOOST_AUTO_TEST_CASE(epsilon_is_spread_and_falls_with_the_pulls) {
  auto bandit = EpsilonGreedy::make(2, {.epsilon = 0.2, .decay = 100}).value();
  BOOST_REQUIRE(bandit.add(0, 100, 10));
  BOOST_TEST(bandit.weights()[1] == 1);  // It has no pulls yet.
  BOOST_REQUIRE(bandit.add(1, 100, 20));
  BOOST_TEST(bandit.epsilon() == 0.2);
  BOOST_TEST(bandit.weights()[1] == 0.9, boost::test_tools::tolerance(1e-12));
  BOOST_REQUIRE(bandit.add(1, 9800, 1900));
  BOOST_TEST(bandit.epsilon() == 0.01);
}

BOOST_AUTO_TEST_CASE(choices_follow_the_weights) {
  auto bandit = EpsilonGreedy::make(4, {.epsilon = 0.4}).value();
  for (size_t arm = 0; arm < 4; ++arm) BOOST_REQUIRE(bandit.add(arm, 10, static_cast<double>(arm)));
  SeededRandom random(1);
  int best = 0;
  for (int i = 0; i < 10'000; ++i) best += bandit.choose(random) == 3;
  BOOST_TEST(best / 10'000.0 == bandit.weights()[3], boost::test_tools::tolerance(0.03));
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  BOOST_TEST(refused(EpsilonGreedy::make(2, {.epsilon = 1.1})));
  BOOST_TEST(refused(EpsilonGreedy::make(2, {.decay = -1})));
  BOOST_TEST(refused(EpsilonGreedy::make(2, {.floor = -0.1})));
  auto bandit = EpsilonGreedy::make(2).value();
  BOOST_TEST(refused(bandit.add(3, 1, 1)));
  BOOST_TEST(refused(bandit.add(0, 0, 1)));
  BOOST_TEST(refused(bandit.add(0, 1, not_a_number)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(linear_bandit)

BOOST_AUTO_TEST_CASE(scores_are_those_of_ridge_regression) {
  auto bandit = LinearBandit::make(2, {.features = 2, .ridge = 2, .exploration = 0.5}).value();
  BOOST_REQUIRE(bandit.add(0, std::vector<double>{1, 2}, 1, 3));
  BOOST_REQUIRE(bandit.add(0, std::vector<double>{1, -1}, 1, 1));
  // A = [[4, 1], [1, 7]], b = [4, 5]: theta = [23, 16] / 27; x A^-1 x = 4 / 27 + 7 / 27 - 2 / 27 at x = [1, 1].
  const auto scores = bandit.scores(std::vector<double>{1, 1}).value();
  BOOST_TEST(scores[0] == 39.0 / 27 + 0.5 * std::sqrt(9.0 / 27), boost::test_tools::tolerance(1e-12));
  // Nothing is known of the other: A = 2 I.
  BOOST_TEST(scores[1] == 0.5, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_batch_counts_as_its_rewards_one_by_one) {
  const std::vector<std::vector<double>> contexts{{1, 1, 0}, {1, 0, 1}, {0.5, 2, -1}};
  auto singly = LinearBandit::make(2, {.features = 3}).value();
  auto batched = LinearBandit::make(2, {.features = 3}).value();
  for (const auto& context : contexts) {
    for (int i = 0; i < 500; ++i) BOOST_REQUIRE(singly.add(1, context, 1, i % 5 == 0 ? 2.0 : 0.5));
    BOOST_REQUIRE(batched.add(1, context, 500, 100 * 2 + 400 * 0.5));
  }
  for (const auto& context : contexts) {
    const auto expected = singly.scores(context).value();
    const auto found = batched.scores(context).value();
    for (size_t arm = 0; arm < 2; ++arm) BOOST_TEST(found[arm] == expected[arm], boost::test_tools::tolerance(1e-9));
  }
}

BOOST_AUTO_TEST_CASE(each_context_gets_the_arm_that_suits_it) {
  SeededRandom random(1);
  auto bandit = LinearBandit::make(2, {.features = 3, .floor = 0.05}).value();
  int right = 0;
  for (int i = 0; i < 4000; ++i) {
    const double x = 2 * random.uniform() - 1;
    const std::vector<double> context{1, x, random.uniform()};
    const auto weights = bandit.weights(context).value();
    const size_t arm = random.uniform() < weights[0] ? 0 : 1;
    // The first arm is better where x > 0.2.
    const double reward = arm == 0 ? x : 0.2;
    BOOST_REQUIRE(bandit.add(arm, context, 1, reward + 0.1 * draw_normal(random)));
    if (i >= 2000) right += (weights[0] > 0.5) == (x > 0.2);
  }
  BOOST_TEST(right > 1960);
}

BOOST_AUTO_TEST_CASE(a_hundred_thousand_rewards_leave_the_inverse_sound) {
  SeededRandom random(1);
  auto bandit = LinearBandit::make(2, {.features = 8, .exploration = 0}).value();
  std::vector<double> context(8);
  for (int i = 0; i < 100'000; ++i) {
    double reward = 0;
    for (size_t j = 0; j < 8; ++j) {
      context[j] = random.uniform();
      reward += static_cast<double>(j) * context[j];
    }
    BOOST_REQUIRE(bandit.add(0, context, 1, reward));
  }
  for (size_t j = 0; j < 8; ++j) {
    std::vector<double> unit(8);
    unit[j] = 1;
    // Within what the ridge takes.
    BOOST_TEST(std::abs(bandit.scores(unit).value()[0] - static_cast<double>(j)) < 0.002);
  }
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  BOOST_TEST(refused(LinearBandit::make(2, {.features = 0})));
  BOOST_TEST(refused(LinearBandit::make(2, {.features = 129})));
  BOOST_TEST(refused(LinearBandit::make(2, {.features = 2, .ridge = 0})));
  BOOST_TEST(refused(LinearBandit::make(2, {.features = 2, .exploration = -1})));
  BOOST_TEST(refused(LinearBandit::make(2, {.features = 2, .floor = 0.7})));
  auto bandit = LinearBandit::make(2, {.features = 2}).value();
  BOOST_TEST(refused(bandit.add(0, std::vector<double>{1}, 1, 1)));
  BOOST_TEST(refused(bandit.add(0, std::vector<double>{1, not_a_number}, 1, 1)));
  BOOST_TEST(refused(bandit.add(0, std::vector<double>{1, 1}, 1, not_a_number)));
  BOOST_TEST(refused(bandit.add(0, std::vector<double>{1, 1}, 0, 0)));
  BOOST_TEST(refused(bandit.add(0, std::vector<double>{1, 1}, -1, 0)));
  BOOST_TEST(refused(bandit.add(2, std::vector<double>{1, 1}, 1, 1)));
  BOOST_TEST(refused(bandit.scores(std::vector<double>{1, 1, 1})));
  BOOST_TEST(refused(bandit.weights(std::vector<double>{})));
}

BOOST_AUTO_TEST_SUITE_END()
