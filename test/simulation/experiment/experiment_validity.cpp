// Prints how often tests that are watched all the time are wrong, and how soon they are right. Exits with 1 where one
// that must hold does not.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>

#include "actors/experiment/planning/alarm_bound.hpp"
#include "test/simulation/experiment/false_alarms.hpp"
#include "test/simulation/experiment/mismatch.hpp"
#include "test/simulation/experiment/power.hpp"
#include "test/simulation/experiment/ramp.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::simulation;

namespace {

bool print_false_alarms(uint64_t runs, double hours, uint64_t seed) {
  const uint64_t most = alarms_max(runs, 0.05);
  bool good = true;
  fmt::print("A/A traffic, looked at each second for {} h, alpha 0.05; {} of {} are the 99.9 % bound\n", hours, most,
             runs);
  fmt::print("{:<46} {:>7}\n", "scenario", "alarms");
  for (const auto& scenario : false_alarm_scenarios()) {
    const uint64_t alarms = count_alarms(scenario, runs, static_cast<uint64_t>(hours * 3600), seed);
    fmt::print("{:<46} {:>7}\n", scenario.name, alarms);
    std::fflush(stdout);
    good = good && (!scenario.must_hold || alarms <= most);
  }
  return good;
}

void print_power(const Effect& effect, uint64_t runs, uint64_t seed) {
  fmt::print("\nPower for {} against {}{}; the fixed test needs {:.0f} trials, n\n", effect.rate_a, effect.rate_b,
             effect.drifting ? ", base rate drifting" : "", fixed_sample_size(effect));
  fmt::print("{:<38} {:>6} {:>6} {:>6} {:>6} {:>9}\n", "method", "n", "1.5 n", "2 n", "3 n", "median/n");
  for (const auto& row : power_table(effect, runs, seed)) {
    fmt::print("{:<38} {:>6.3f} {:>6.3f} {:>6.3f} {:>6.3f} {:>9.2f}\n", row.method, row.power[0], row.power[1],
               row.power[2], row.power[3], row.median);
  }
  std::fflush(stdout);
}

bool print_mismatch(uint64_t runs, uint64_t seed) {
  fmt::print("\nSample ratio, 50,000 units at 50/50, looked at each 100 units, alpha 0.001\n");
  fmt::print("{:<46} {:>7}\n", "lost units of one arm, prior", "found");
  const auto row = [&](double lost, double concentration) {
    const double found = mismatch_found(lost, concentration, 0.001, 50'000, runs, seed);
    fmt::print("{:<46} {:>7.3f}\n", fmt::format("{} %, Beta({}, {})", 100 * lost, concentration / 2, concentration / 2),
               found);
    std::fflush(stdout);
    return found;
  };
  row(0.05, 2);
  const double found = row(0.05, 1000);
  row(0.03, 1000);
  // The 99.9 % bound of a chance of 0.001 in 1,000 runs is 6.
  const double false_alarms = row(0, 1000);
  return found >= 0.9 && false_alarms <= 0.006;
}

bool print_ramp(uint64_t runs, uint64_t seed) {
  fmt::print("\nRamp 5, 25, 50 % while the base rate goes 10, 20, 30 %, effect +1 point\n");
  fmt::print("{:<30} {:>10} {:>12} {:>9}\n", "estimate", "bias", "(std. error)", "coverage");
  bool good = true;
  const auto row = [&](std::string_view name, const RampResult& result, bool must_hold) {
    fmt::print("{:<30} {:>10.5f} {:>12.5f} {:>9.3f}\n", name, result.bias, result.bias_error, result.coverage);
    good = good && (!must_hold || std::abs(result.bias) < 3.3 * result.bias_error);
  };
  row("strata, by units", ramp_stratified(StratumWeights::units, runs, seed), true);
  row("strata, by overlap", ramp_stratified(StratumWeights::overlap, runs, seed), true);
  row("strata, by inverse variance", ramp_stratified(StratumWeights::inverse_variance, runs, seed), true);
  row("pooled (wrong)", ramp_pooled(runs, seed), false);
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t runs = 1000, seed = 1;
  double hours = 4;
  CLI::App app{"How often tests that are watched all the time are wrong, and how soon they are right"};
  app.add_option("--runs", runs, "Runs of each scenario")->check(CLI::Range(10, 1'000'000));
  app.add_option("--hours", hours, "Virtual hours that A/A traffic is watched")->check(CLI::Range(0.1, 1000.0));
  app.add_option("--seed", seed, "Of all that is drawn");
  CLI11_PARSE(app, argc, argv);

  bool good = print_false_alarms(runs, hours, seed);
  for (const Effect& effect : {Effect{0.10, 0.12, false}, Effect{0.10, 0.12, true}, Effect{0.05, 0.055, false}}) {
    print_power(effect, runs, seed);
  }
  good = print_mismatch(runs, seed) && good;
  good = print_ramp(runs, seed) && good;
  return good ? 0 : 1;
}
