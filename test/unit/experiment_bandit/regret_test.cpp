// Regret against theory, on seeds: what bandits lose to always pulling the best arm.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <numbers>

#include "actors/experiment/bandit/draws.hpp"
#include "actors/experiment/bandit/epsilon_greedy.hpp"
#include "actors/experiment/bandit/thompson.hpp"
#include "actors/experiment/bandit/ucb1.hpp"

using namespace troupe::experiment;
using troupe::SeededRandom;

namespace {

constexpr double rates[] = {0.5, 0.6, 0.45};
constexpr double best_rate = 0.6;

/// Mean regret over 20 runs after each of `pulls` (ascending) pulls, one at a time.
template <class MakeBandit, class Choose, class Add>
std::vector<double> regret(std::vector<int> pulls, MakeBandit make, Choose choose, Add add) {
  constexpr int runs = 20;
  std::vector<double> regret(pulls.size());
  for (uint64_t run = 0; run < runs; ++run) {
    SeededRandom random(run + 1);
    auto bandit = make();
    double lost = 0;
    size_t next = 0;
    for (int i = 1; next < pulls.size(); ++i) {
      const size_t arm = choose(bandit, random);
      lost += best_rate - rates[arm];
      add(bandit, arm, random.uniform() < rates[arm]);
      if (i == pulls[next]) regret[next++] += lost / runs;
    }
  }
  return regret;
}

double divergence(double p, double q) {
  return p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(regret_suite)

BOOST_AUTO_TEST_CASE(ucb1_stays_within_its_bound) {
  const auto lost = regret(
      {1000, 10'000, 50'000}, [] { return Ucb1::make(3).value(); }, [](Ucb1& bandit, auto&) { return bandit.choose(); },
      [](Ucb1& bandit, size_t arm, bool reward) { BOOST_REQUIRE(bandit.add(arm, 1, reward)); });

  const auto bound = [](double n) {
    double sum = 0;
    for (const double rate : rates) {
      const double gap = best_rate - rate;
      if (gap > 0) sum += 8 * std::log(n) / gap + (1 + std::numbers::pi * std::numbers::pi / 3) * gap;
    }
    return sum;
  };
  BOOST_TEST(lost[0] < bound(1000));
  BOOST_TEST(lost[1] < bound(10'000));
  BOOST_TEST(lost[2] < bound(50'000));
  // And far below what even shares lose.
  BOOST_TEST(lost[2] < 0.25 * 50'000 * (0.1 + 0.15) / 3);
}

BOOST_AUTO_TEST_CASE(thompson_sampling_grows_as_lai_and_robbins_say) {
  const auto lost = regret(
      {2000, 20'000}, [] { return BetaThompson::make(3).value(); },
      [](BetaThompson& bandit, auto& random) { return bandit.choose(random); },
      [](BetaThompson& bandit, size_t arm, bool reward) { BOOST_REQUIRE(bandit.add(arm, reward, !reward)); });

  // No good bandit loses less than sum gap / KL(rate, best) per log(n) in the long run; Thompson sampling attains it
  // (Kaufmann, Korda and Munos 2012).
  double constant = 0;
  for (const double rate : rates) {
    if (rate < best_rate) constant += (best_rate - rate) / divergence(rate, best_rate);
  }
  const double growth = (lost[1] - lost[0]) / std::log(10.0);
  BOOST_TEST(growth > 0.3 * constant);
  BOOST_TEST(growth < 2 * constant);
  BOOST_TEST(lost[1] < 3 * constant * std::log(20'000.0));
}

BOOST_AUTO_TEST_CASE(a_falling_epsilon_loses_less_than_a_steady_one) {
  const auto lost_with = [](double decay) {
    return regret(
        {30'000}, [decay] { return EpsilonGreedy::make(3, {.epsilon = 0.2, .decay = decay}).value(); },
        [](EpsilonGreedy& bandit, auto& random) { return bandit.choose(random); },
        [](EpsilonGreedy& bandit, size_t arm, bool reward) { BOOST_REQUIRE(bandit.add(arm, 1, reward)); })[0];
  };
  // A steady 0.2 loses a fifth of what even shares lose, for ever.
  BOOST_TEST(lost_with(0) > 0.9 * 30'000 * 0.2 * (0.1 + 0.15) / 3);
  BOOST_TEST(lost_with(1500) < 0.7 * lost_with(0));
}

BOOST_AUTO_TEST_CASE(batches_of_an_allocation_find_the_best_arm_too) {
  // Ten minutes' traffic at a time, by weights alone.
  SeededRandom random(4);
  auto beta = BetaThompson::make(3, {.floor = 0.02}).value();
  auto gaussian = GaussianThompson::make(3, {.floor = 0.02}).value();
  std::vector<double> beta_weights, gaussian_weights;
  for (int batch = 0; batch < 30; ++batch) {
    beta_weights = beta.weights(random);
    gaussian_weights = gaussian.weights(random);
    for (size_t arm = 0; arm < 3; ++arm) {
      const auto pulls = std::round(1000 * beta_weights[arm]);
      double successes = 0;
      for (int i = 0; i < pulls; ++i) successes += random.uniform() < rates[arm];
      BOOST_REQUIRE(beta.add(arm, successes, pulls - successes));

      const auto measured = std::round(200 * gaussian_weights[arm]);
      if (measured < 2) continue;
      double sum = 0, squares = 0;
      for (int i = 0; i < measured; ++i) {
        const double value = 10 * rates[arm] + draw_normal(random);
        sum += value;
        squares += value * value;
      }
      BOOST_REQUIRE(gaussian.add(arm, {measured, sum / measured, squares - sum * sum / measured}));
    }
  }
  BOOST_TEST(beta_weights[1] > 0.9);
  BOOST_TEST(gaussian_weights[1] > 0.9);
}

BOOST_AUTO_TEST_SUITE_END()
