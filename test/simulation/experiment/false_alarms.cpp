#include "test/simulation/experiment/false_alarms.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "actors/experiment/bandit/draws.hpp"
#include "actors/experiment/planning/running_moments.hpp"
#include "actors/experiment/statistics/mean_sequence.hpp"
#include "actors/experiment/statistics/quantile_sequence.hpp"
#include "actors/experiment/statistics/rate_sequence.hpp"
#include "actors/experiment/statistics/rate_watch.hpp"
#include "runtime/base/assert.hpp"
#include "test/simulation/experiment/traffic.hpp"

namespace troupe::experiment::simulation {

namespace {

constexpr double alpha = 0.05;
const double log_alarm = -std::log(alpha);

/// Whether RateWatch alarms on traffic whose common rate in each second is rate(random).
template <class Rate>
bool rate_watch_alarms(uint64_t seed, uint64_t seconds, Rate&& rate) {
  SeededRandom random(seed);
  auto watch = RateWatch::make({.alpha = alpha}).value();
  for (uint64_t i = 0; i < seconds; ++i) {
    const double now = rate(random);
    const auto second = draw_second(now, now, random);
    TROUPE_ASSERT(watch.add(second.a, second.b).has_value());
    if (watch.log_evidence() >= log_alarm) return true;
  }
  return false;
}

bool rates_independent(uint64_t seed, uint64_t seconds) {
  return rate_watch_alarms(seed, seconds, [](Random&) { return 0.05; });
}

bool rates_rare(uint64_t seed, uint64_t seconds) {
  return rate_watch_alarms(seed, seconds, [](Random&) { return 0.001; });
}

bool rates_bursts(uint64_t seed, uint64_t seconds) {
  return rate_watch_alarms(seed, seconds,
                           [common = CommonRate(0.02, 0.8)](Random& random) mutable { return common.next(random); });
}

bool rates_drift(uint64_t seed, uint64_t seconds) {
  return rate_watch_alarms(seed, seconds, [i = 0](Random&) mutable { return 0.2 + 0.15 * std::sin(++i / 600.0); });
}

/// Alarms where the interval ever misses a difference that is there, under a base rate that drifts.
bool rates_covered(uint64_t seed, uint64_t seconds) {
  SeededRandom random(seed);
  auto watch = RateWatch::make({.alpha = alpha}).value();
  constexpr double log_odds_ratio = 0.3;
  for (uint64_t i = 0; i < seconds; ++i) {
    const double base = 0.1 + 0.05 * std::sin(static_cast<double>(i) / 600);
    const double odds = base / (1 - base) * std::exp(log_odds_ratio);
    const auto second = draw_second(base, odds / (1 + odds), random);
    TROUPE_ASSERT(watch.add(second.a, second.b).has_value());
    const auto said = watch.now();
    if (said && (said->interval.low > log_odds_ratio || said->interval.high < log_odds_ratio)) return true;
  }
  return false;
}

/// Latencies with a long tail, whose median is drawn for all traffic alike.
template <class Median>
bool mean_watch_alarms(uint64_t seed, uint64_t seconds, Median&& median) {
  SeededRandom random(seed);
  auto watch = MeanWatch::make({.alpha = alpha}).value();
  RunningMoments arms[2];
  for (uint64_t i = 0; i < seconds; ++i) {
    const double now = median(random);
    for (uint64_t j = 0; j < requests_per_second; ++j) arms[random.below(2)].add(now * std::exp(draw_normal(random)));
    const auto estimate = difference_of_means(arms[0].moments(), arms[1].moments());
    if (estimate) TROUPE_ASSERT(watch.look(*estimate).has_value());
    if (watch.log_evidence() >= log_alarm) return true;
  }
  return false;
}

bool means_independent(uint64_t seed, uint64_t seconds) {
  return mean_watch_alarms(seed, seconds, [](Random&) { return 30.0; });
}

bool means_bursts(uint64_t seed, uint64_t seconds) {
  return mean_watch_alarms(seed, seconds,
                           [common = CommonRate(30, 300)](Random& random) mutable { return common.next(random); });
}

bool means_covered(uint64_t seed, uint64_t seconds) {
  SeededRandom random(seed);
  auto watch = MeanWatch::make({.alpha = alpha}).value();
  RunningMoments arms[2];
  for (uint64_t i = 0; i < seconds; ++i) {
    for (uint64_t j = 0; j < requests_per_second; ++j) {
      const size_t arm = random.below(2);
      arms[arm].add((arm == 0 ? 30 : 33) * std::exp(draw_normal(random)));
    }
    const auto estimate = difference_of_means(arms[0].moments(), arms[1].moments());
    if (estimate) TROUPE_ASSERT(watch.look(*estimate).has_value());
    // exp(1/2) is the mean of a log-normal of median 1 and deviation 1.
    const double truth = 3 * std::exp(0.5);
    const auto said = watch.now();
    if (said && (said->interval.low > truth || said->interval.high < truth)) return true;
  }
  return false;
}

bool clustered_by_unit(uint64_t seed, uint64_t seconds) {
  SeededRandom random(seed);
  ClusteredTraffic traffic(0.1, 0.1, seconds, random);
  auto watch = MeanWatch::make({.alpha = alpha, .units_planned = 5000}).value();
  for (uint64_t i = 0; i < seconds; ++i) {
    traffic.next();
    const auto estimate = difference_of_ratios(traffic.totals(0), traffic.totals(1));
    if (estimate) TROUPE_ASSERT(watch.look(*estimate).has_value());
    if (watch.log_evidence() >= log_alarm) return true;
  }
  return false;
}

bool clustered_by_request(uint64_t seed, uint64_t seconds) {
  SeededRandom random(seed);
  ClusteredTraffic traffic(0.1, 0.1, seconds, random);
  auto watch = RateWatch::make({.alpha = alpha}).value();
  for (uint64_t i = 0; i < seconds; ++i) {
    const auto second = traffic.next();
    TROUPE_ASSERT(watch.add(second.a, second.b).has_value());
    if (watch.log_evidence() >= log_alarm) return true;
  }
  return false;
}

bool rate_difference(uint64_t seed, uint64_t seconds) {
  SeededRandom random(seed);
  RateCounts a, b;
  for (uint64_t i = 0; i < seconds; ++i) {
    const auto second = draw_second(0.05, 0.05, random);
    a = {a.trials + second.a.trials, a.successes + second.a.successes};
    b = {b.trials + second.b.trials, b.successes + second.b.successes};
    // Dear: every minute.
    if (i % 60 == 59 && rate_difference_sequence(a, b, {.alpha = alpha}).value().p_value <= alpha) return true;
  }
  return false;
}

/// The 90th percentile of latencies in buckets that are 10 % wide, every hundredth second.
bool quantile_difference(uint64_t seed, uint64_t seconds) {
  SeededRandom random(seed);
  std::array<std::vector<Bucket>, 2> arms;
  for (auto& arm : arms) {
    for (int i = -60; i < 60; ++i) arm.push_back({std::exp(0.1 * i), std::exp(0.1 * (i + 1)), 0});
  }
  for (uint64_t i = 0; i < seconds; ++i) {
    for (uint64_t j = 0; j < requests_per_second; ++j) {
      const double place = std::floor(10 * draw_normal(random)) + 60;
      if (place >= 0 && place < 120) ++arms[random.below(2)][static_cast<size_t>(place)].count;
    }
    if (i % 100 != 99) continue;
    const auto said = quantile_difference_sequence(arms[0], arms[1], {.alpha = alpha, .quantile = 0.9}).value();
    if (said.p_value <= alpha) {
      return true;
    }
  }
  return false;
}

bool fixed_test_watched(uint64_t seed, uint64_t seconds) {
  SeededRandom random(seed);
  double trials[2]{}, successes[2]{};
  for (uint64_t i = 0; i < seconds; ++i) {
    const auto second = draw_second(0.05, 0.05, random);
    trials[0] += static_cast<double>(second.a.trials);
    trials[1] += static_cast<double>(second.b.trials);
    successes[0] += static_cast<double>(second.a.successes);
    successes[1] += static_cast<double>(second.b.successes);
    if (i < 60) continue;
    const double rate = (successes[0] + successes[1]) / (trials[0] + trials[1]);
    const double error = std::sqrt(rate * (1 - rate) * (1 / trials[0] + 1 / trials[1]));
    if (std::abs(successes[1] / trials[1] - successes[0] / trials[0]) > z_fixed * error) return true;
  }
  return false;
}

constexpr std::array scenarios{
    FalseAlarmScenario{"rates, independent requests", rates_independent, true},
    FalseAlarmScenario{"rates, one success in 1,000", rates_rare, true},
    FalseAlarmScenario{"rates, common bursts", rates_bursts, true},
    FalseAlarmScenario{"rates, drifting base rate", rates_drift, true},
    FalseAlarmScenario{"rates, absolute difference", rate_difference, true},
    FalseAlarmScenario{"rates, log odds ratio of 0.3 missed", rates_covered, true},
    FalseAlarmScenario{"means, independent requests", means_independent, true},
    FalseAlarmScenario{"means, common bursts", means_bursts, true},
    FalseAlarmScenario{"means, difference of 10 % missed", means_covered, true},
    FalseAlarmScenario{"90th percentile, from buckets", quantile_difference, true},
    FalseAlarmScenario{"clustered, by unit totals", clustered_by_unit, true},
    FalseAlarmScenario{"clustered, requests taken as units (wrong)", clustered_by_request, false},
    FalseAlarmScenario{"fixed z-test, watched (wrong)", fixed_test_watched, false},
};

}  // namespace

std::span<const FalseAlarmScenario> false_alarm_scenarios() {
  return scenarios;
}

uint64_t count_alarms(const FalseAlarmScenario& scenario, uint64_t runs, uint64_t seconds, uint64_t seed) {
  SeededRandom seeds(seed);
  uint64_t alarms = 0;
  for (uint64_t i = 0; i < runs; ++i) alarms += scenario.run(seeds.next(), seconds);
  return alarms;
}

}  // namespace troupe::experiment::simulation
