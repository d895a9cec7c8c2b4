#include "actors/experiment/bandit/epsilon_greedy.hpp"

#include <algorithm>
#include <cmath>

#include "actors/experiment/bandit/allocation.hpp"
#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

Result<EpsilonGreedy> EpsilonGreedy::make(size_t arms, EpsilonGreedyOptions options) {
  TROUPE_CHECK(check_arms(arms, options.floor));
  if (!(options.epsilon >= 0 && options.epsilon <= 1)) {
    return fail_field("epsilon", "epsilon is {}; it must lie within 0 and 1", options.epsilon);
  }
  if (!(options.decay >= 0 && std::isfinite(options.decay))) {
    return fail_field("decay", "decay is {}; it must be at least 0 and finite", options.decay);
  }
  return EpsilonGreedy(arms, options);
}

Status EpsilonGreedy::add(size_t arm, double pulls, double reward) {
  TROUPE_CHECK(check_arm(arm, arms_.size()));
  TROUPE_CHECK(check_count(pulls, "pulls"));
  TROUPE_CHECK(check_finite(reward, "reward"));
  if (pulls == 0) return fail_field("pulls", "a batch has no pulls");
  arms_[arm].pulls += pulls;
  arms_[arm].reward += reward;
  return {};
}

bool EpsilonGreedy::all_known() const {
  return std::all_of(arms_.begin(), arms_.end(), [](const Earned& arm) { return arm.pulls > 0; });
}

size_t EpsilonGreedy::best() const {
  size_t best = 0;
  for (size_t arm = 0; arm < arms_.size(); ++arm) {
    if (arms_[arm].pulls == 0) return arm;
    if (arms_[arm].reward / arms_[arm].pulls > arms_[best].reward / arms_[best].pulls) best = arm;
  }
  return best;
}

double EpsilonGreedy::epsilon() const {
  if (options_.decay == 0) return options_.epsilon;
  double pulls = 0;
  for (const auto& arm : arms_) pulls += arm.pulls;
  return pulls > 0 ? std::min(options_.epsilon, options_.decay / pulls) : options_.epsilon;
}

size_t EpsilonGreedy::choose(Random& random) const {
  if (all_known() && random.uniform() < epsilon()) return random.below(arms_.size());
  return best();
}

std::vector<double> EpsilonGreedy::weights() const {
  const double spread = all_known() ? epsilon() : 0;
  std::vector<double> shares(arms_.size(), spread / static_cast<double>(arms_.size()));
  shares[best()] += 1 - spread;
  return with_floor(std::move(shares), options_.floor);
}

}  // namespace troupe::experiment
