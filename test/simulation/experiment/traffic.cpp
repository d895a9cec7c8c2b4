#include "test/simulation/experiment/traffic.hpp"

#include <cmath>

#include "actors/experiment/bandit/draws.hpp"

namespace troupe::experiment::simulation {

Second draw_second(double rate_a, double rate_b, Random& random, double share) {
  Second second;
  for (uint64_t i = 0; i < requests_per_second; ++i) {
    const bool to_b = random.uniform() < share;
    auto& arm = to_b ? second.b : second.a;
    ++arm.trials;
    arm.successes += random.uniform() < (to_b ? rate_b : rate_a);
  }
  return second;
}

double CommonRate::next(Random& random) {
  // One in ten minutes on average.
  if (left_ == 0 && random.uniform() < 1.0 / 600) left_ = 5 + random.below(56);
  if (left_ == 0) return rate_;
  --left_;
  return burst_;
}

ClusteredTraffic::ClusteredTraffic(double rate, double correlation, uint64_t seconds, Random& random)
    : random_(random), rate_(rate), correlation_(correlation), due_(seconds) {}

void ClusteredTraffic::count(const Unit& unit, double sign) {
  if (unit.requests == 0) return;
  auto& totals = totals_[unit.arm];
  totals.n += sign;
  totals.sum_x += sign * unit.requests;
  totals.sum_y += sign * unit.successes;
  totals.sum_xx += sign * unit.requests * unit.requests;
  totals.sum_yy += sign * unit.successes * unit.successes;
  totals.sum_xy += sign * unit.requests * unit.successes;
}

Second ClusteredTraffic::next() {
  // Beta(m k, (1 - m) k) has an intra-class correlation of 1 / (1 + k).
  const double k = 1 / correlation_ - 1;
  units_.push_back({random_.below(2), draw_beta(rate_ * k, (1 - rate_) * k, random_)});
  for (uint64_t i = 0; i < requests_per_unit; ++i) {
    const uint64_t at = second_ + (i == 0 ? 0 : random_.below(3600));
    if (at < due_.size()) due_[at].push_back(static_cast<uint32_t>(units_.size() - 1));
  }
  Second second;
  for (const uint32_t index : due_[second_]) {
    auto& unit = units_[index];
    auto& counts = unit.arm == 0 ? second.a : second.b;
    count(unit, -1);
    const bool success = random_.uniform() < unit.rate;
    unit.requests += 1;
    unit.successes += success;
    ++counts.trials;
    counts.successes += success;
    count(unit, 1);
  }
  ++second_;
  return second;
}

}  // namespace troupe::experiment::simulation
