#pragma once
// How soon a difference is found, by methods that may be watched and by one that may not.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::experiment::simulation {

struct Effect {
  double rate_a, rate_b;
  bool drifting;  ///< The base rate swings by half of itself; the odds ratio stays.
};

/// Shares of the fixed test's sample size (80 % power at alpha 0.05, two-sided) at which power is told.
inline constexpr std::array<double, 4> horizons{1, 1.5, 2, 3};

struct PowerRow {
  std::string_view method;
  std::array<double, horizons.size()> power{};  ///< Found by then.
  double median = 0;  ///< Of the sample size at which it is found, in fixed sample sizes; 0: not found by the last.
};

/// Trials of both arms together that the fixed test needs.
double fixed_sample_size(const Effect& effect);

std::vector<PowerRow> power_table(const Effect& effect, uint64_t runs, uint64_t seed);

}  // namespace troupe::experiment::simulation
