#include "actors/experiment/bandit/ucb1.hpp"

#include <cmath>

#include "actors/experiment/bandit/allocation.hpp"
#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

Result<Ucb1> Ucb1::make(size_t arms, double floor) {
  TROUPE_CHECK(check_arms(arms, floor));
  return Ucb1(arms, floor);
}

Status Ucb1::add(size_t arm, double pulls, double reward) {
  TROUPE_CHECK(check_arm(arm, arms_.size()));
  TROUPE_CHECK(check_count(pulls, "pulls"));
  if (pulls == 0) return fail_field("pulls", "a batch has no pulls");
  if (!(reward >= 0 && reward <= pulls)) {
    return fail_field("reward", "{} pulls earned {}; each earns 0 to 1", pulls, reward);
  }
  arms_[arm].pulls += pulls;
  arms_[arm].reward += reward;
  return {};
}

size_t Ucb1::choose() const {
  double pulls = 0;
  for (const auto& arm : arms_) pulls += arm.pulls;
  size_t best = 0;
  double best_index = -1;
  for (size_t arm = 0; arm < arms_.size(); ++arm) {
    const auto& own = arms_[arm];
    if (own.pulls == 0) return arm;
    const double index = own.reward / own.pulls + std::sqrt(2 * std::log(pulls) / own.pulls);
    if (index <= best_index) continue;
    best = arm;
    best_index = index;
  }
  return best;
}

std::vector<double> Ucb1::weights() const {
  return all_to(choose(), arms_.size(), floor_);
}

}  // namespace troupe::experiment
