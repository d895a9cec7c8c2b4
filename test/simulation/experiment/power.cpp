#include "test/simulation/experiment/power.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <numbers>

#include "actors/experiment/statistics/group_sequential.hpp"
#include "actors/experiment/statistics/mean_sequence.hpp"
#include "actors/experiment/statistics/rate_sequence.hpp"
#include "actors/experiment/statistics/rate_watch.hpp"
#include "runtime/base/assert.hpp"
#include "test/simulation/experiment/traffic.hpp"

namespace troupe::experiment::simulation {

namespace {

constexpr double alpha = 0.05;
const double log_alarm = -std::log(alpha);

/// All counts so far.
struct Totals {
  double trials[2]{}, successes[2]{};
  double trials_together() const { return trials[0] + trials[1]; }
  void add(const Second& second) {
    trials[0] += static_cast<double>(second.a.trials);
    trials[1] += static_cast<double>(second.b.trials);
    successes[0] += static_cast<double>(second.a.successes);
    successes[1] += static_cast<double>(second.b.successes);
  }
  Estimate estimate() const {
    double variance = 0;
    for (const size_t arm : {0, 1}) {
      const double rate = successes[arm] / trials[arm];
      variance += rate * (1 - rate) / trials[arm];
    }
    return {successes[1] / trials[1] - successes[0] / trials[0], std::sqrt(variance), static_cast<uint64_t>(trials[0]),
            static_cast<uint64_t>(trials[1])};
  }
};

/// A method in one run: told each second, says whether it has found the difference.
using Method = std::function<bool(const Second&, const Totals&)>;

Method conditional_odds() {
  return [watch = RateWatch::make({.alpha = alpha}).value()](const Second& second, const Totals&) mutable {
    TROUPE_ASSERT(watch.add(second.a, second.b).has_value());
    return watch.log_evidence() >= log_alarm;
  };
}

/// The safe 2x2 test of Turner, Ly and Gruenwald (2021), blocks of a second: bets on the rates as learnt before,
/// against their mean.
Method safe_two_by_two() {
  return [log_e = 0.0, before = Totals()](const Second& second, const Totals& totals) mutable {
    constexpr double prior = 0.18;  // As the paper's default.
    double rate[2];
    for (const size_t arm : {0, 1}) rate[arm] = (before.successes[arm] + prior) / (before.trials[arm] + 2 * prior);
    const auto na = static_cast<double>(second.a.trials), nb = static_cast<double>(second.b.trials);
    const double together = (na * rate[0] + nb * rate[1]) / (na + nb);
    const auto gain = [&](RateCounts arm, double p) {
      const auto s = static_cast<double>(arm.successes), f = static_cast<double>(arm.trials - arm.successes);
      return s * std::log(p / together) + f * std::log((1 - p) / (1 - together));
    };
    log_e += gain(second.a, rate[0]) + gain(second.b, rate[1]);
    before = totals;
    return log_e >= log_alarm;
  };
}

Method asymptotic_sequence(double planned) {
  return [watch = MeanWatch::make({.alpha = alpha, .units_planned = static_cast<uint64_t>(planned)}).value()](
             const Second&, const Totals& totals) mutable {
    if (!(totals.estimate().standard_error > 0)) return false;
    TROUPE_ASSERT(watch.look(totals.estimate()).has_value());
    return watch.log_evidence() >= log_alarm;
  };
}

Method beta_binomial_difference() {
  return [seconds = 0](const Second&, const Totals& totals) mutable {
    if (++seconds % 60 != 0) return false;
    const auto counts = [&](size_t arm) {
      return RateCounts{static_cast<uint64_t>(totals.trials[arm]), static_cast<uint64_t>(totals.successes[arm])};
    };
    return rate_difference_sequence(counts(0), counts(1), {.alpha = alpha}).value().p_value <= alpha;
  };
}

/// Looks at the z-score when given trials have come, against given boundaries.
Method looks(std::vector<double> trials, std::vector<double> z) {
  return [trials, z, look = size_t{0}](const Second&, const Totals& totals) mutable {
    if (look == trials.size() || totals.trials_together() < trials[look]) return false;
    const auto estimate = totals.estimate();
    return std::abs(estimate.value) > z[look++] * estimate.standard_error;
  };
}

Method five_looks(double last) {
  std::vector<double> trials, z;
  const std::vector<double> fractions{0.2, 0.4, 0.6, 0.8, 1};
  const auto boundaries = group_sequential_boundaries(fractions, {.alpha = alpha}).value();
  for (const auto& boundary : boundaries) {
    trials.push_back(last * boundary.fraction);
    z.push_back(boundary.z);
  }
  return looks(std::move(trials), std::move(z));
}

struct NamedMethod {
  std::string_view name;
  std::function<Method(double fixed)> make;
};

std::vector<NamedMethod> methods() {
  return {{"conditional odds ratio (RateWatch)", [](double) { return conditional_odds(); }},
          {"safe 2x2 test (Turner et al.)", [](double) { return safe_two_by_two(); }},
          {"asymptotic sequence (MeanWatch)", [](double fixed) { return asymptotic_sequence(fixed); }},
          {"beta-binomial difference", [](double) { return beta_binomial_difference(); }},
          {"five looks, O'Brien-Fleming", [](double fixed) { return five_looks(fixed); }},
          {"fixed, one look", [](double fixed) { return looks({fixed}, {z_fixed}); }}};
}

double with_odds_of(double base, const Effect& effect) {
  const double odds = base / (1 - base) * effect.rate_b / (1 - effect.rate_b) / (effect.rate_a / (1 - effect.rate_a));
  return odds / (1 + odds);
}

}  // namespace

double fixed_sample_size(const Effect& effect) {
  constexpr double z_power = 0.8416212335729143;
  const double variance = effect.rate_a * (1 - effect.rate_a) + effect.rate_b * (1 - effect.rate_b);
  return 2 * std::pow((z_fixed + z_power) / (effect.rate_b - effect.rate_a), 2) * variance;
}

std::vector<PowerRow> power_table(const Effect& effect, uint64_t runs, uint64_t seed) {
  const double fixed = fixed_sample_size(effect);
  const auto all = methods();
  std::vector<std::vector<double>> found(all.size());  // Trials at which each run found it.
  SeededRandom seeds(seed);
  for (uint64_t run = 0; run < runs; ++run) {
    SeededRandom random(seeds.next());
    std::vector<Method> running;
    for (const auto& method : all) running.push_back(method.make(fixed));
    Totals totals;
    const double phase = random.uniform();
    while (totals.trials_together() < horizons.back() * fixed) {
      double base = effect.rate_a;
      if (effect.drifting) {
        base *= 1 + 0.5 * std::sin(2 * std::numbers::pi * (totals.trials_together() / fixed + phase));
      }
      const auto second = draw_second(base, with_odds_of(base, effect), random);
      totals.add(second);
      for (size_t m = 0; m < all.size(); ++m) {
        if (!running[m] || !running[m](second, totals)) continue;
        found[m].push_back(totals.trials_together() / fixed);
        running[m] = nullptr;
      }
    }
  }

  std::vector<PowerRow> rows;
  for (size_t m = 0; m < all.size(); ++m) {
    PowerRow row{all[m].name};
    std::sort(found[m].begin(), found[m].end());
    for (size_t h = 0; h < horizons.size(); ++h) {
      // A look falls into the second in which its trials were complete.
      const auto by = std::upper_bound(found[m].begin(), found[m].end(), horizons[h] + requests_per_second / fixed);
      row.power[h] = static_cast<double>(by - found[m].begin()) / static_cast<double>(runs);
    }
    if (2 * found[m].size() > runs) row.median = found[m][runs / 2];
    rows.push_back(row);
  }
  return rows;
}

}  // namespace troupe::experiment::simulation
