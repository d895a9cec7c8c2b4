#pragma once
// Drawn traffic: a second of requests at a time, assigned to two arms by chance.

#include <vector>

#include "actors/experiment/statistics/estimate.hpp"
#include "actors/experiment/statistics/odds_likelihood.hpp"
#include "runtime/base/random.hpp"

namespace troupe::experiment::simulation {

inline constexpr uint64_t requests_per_second = 20;

struct Second {
  RateCounts a, b;
};

/// A second of independent requests; each succeeds with its arm's rate. `share` of them go to the second arm.
Second draw_second(double rate_a, double rate_b, Random& random, double share = 0.5);

/// Bursts that hit all traffic alike: they begin at random, last up to a minute, and then `rate` is `burst` instead.
class CommonRate {
 public:
  CommonRate(double rate, double burst) : rate_(rate), burst_(burst) {}
  double next(Random& random);

 private:
  double rate_, burst_;
  uint64_t left_ = 0;
};

/// Units that make `requests_per_unit` requests each, spread over the hour after they first came, and whose success
/// rates vary around `rate` with an intra-class correlation. One new unit a second.
class ClusteredTraffic {
 public:
  static constexpr uint64_t requests_per_unit = 20;

  ClusteredTraffic(double rate, double correlation, uint64_t seconds, Random& random);

  /// Draws the next second; counts by request of what is new.
  Second next();
  /// An arm's unit totals: x requests, y successes.
  const RatioMoments& totals(size_t arm) const { return totals_[arm]; }

 private:
  struct Unit {
    size_t arm = 0;
    double rate = 0;
    double requests = 0, successes = 0;
  };
  /// Adds or takes away (sign -1) what a unit is to its arm's totals.
  void count(const Unit& unit, double sign);

  Random& random_;
  uint64_t second_ = 0;
  double rate_, correlation_;
  std::vector<Unit> units_;
  std::vector<std::vector<uint32_t>> due_;  ///< Units with a request in a second.
  RatioMoments totals_[2];
};

/// The standard normal's two-sided 5 % point, for the tests that are not to be watched.
inline constexpr double z_fixed = 1.959963984540054;

}  // namespace troupe::experiment::simulation
