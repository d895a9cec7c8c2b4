#include "test/simulation/experiment/ramp.hpp"

#include <cmath>
#include <functional>

#include "test/simulation/experiment/traffic.hpp"

namespace troupe::experiment::simulation {

namespace {

constexpr double effect = 0.01;
constexpr uint64_t seconds_per_stage = 1000;

struct Stage {
  double share, base;
};
constexpr Stage stages[] = {{0.05, 0.1}, {0.25, 0.2}, {0.5, 0.3}};

Estimate estimate_of(const Second& counts) {
  const auto rate = [](RateCounts arm) { return static_cast<double>(arm.successes) / static_cast<double>(arm.trials); };
  const auto variance = [&](RateCounts arm) { return rate(arm) * (1 - rate(arm)) / static_cast<double>(arm.trials); };
  return {rate(counts.b) - rate(counts.a), std::sqrt(variance(counts.a) + variance(counts.b)), counts.a.trials,
          counts.b.trials};
}

void add(Second& to, const Second& more) {
  to.a = {to.a.trials + more.a.trials, to.a.successes + more.a.successes};
  to.b = {to.b.trials + more.b.trials, to.b.successes + more.b.successes};
}

RampResult simulate(uint64_t runs, uint64_t seed, const std::function<Estimate(std::span<const Second>)>& estimator) {
  SeededRandom random(seed);
  double sum = 0, squares = 0, covered = 0;
  for (uint64_t run = 0; run < runs; ++run) {
    std::vector<Second> counts;
    for (const auto& stage : stages) {
      Second all;
      for (uint64_t i = 0; i < seconds_per_stage; ++i) {
        add(all, draw_second(stage.base, stage.base + effect, random, stage.share));
      }
      counts.push_back(all);
    }
    const auto estimate = estimator(counts);
    const double off = estimate.value - effect;
    sum += off;
    squares += off * off;
    covered += std::abs(off) <= z_fixed * estimate.standard_error;
  }
  const auto n = static_cast<double>(runs);
  return {sum / n, std::sqrt((squares / n - sum / n * sum / n) / n), covered / n};
}

}  // namespace

RampResult ramp_stratified(StratumWeights weights, uint64_t runs, uint64_t seed) {
  return simulate(runs, seed, [&](std::span<const Second> counts) {
    std::vector<Estimate> strata;
    for (const auto& stage : counts) strata.push_back(estimate_of(stage));
    return combine_strata(strata, weights).value();
  });
}

RampResult ramp_pooled(uint64_t runs, uint64_t seed) {
  return simulate(runs, seed, [](std::span<const Second> counts) {
    Second all;
    for (const auto& stage : counts) add(all, stage);
    return estimate_of(all);
  });
}

}  // namespace troupe::experiment::simulation
