#include "actors/experiment/bandit/allocation.hpp"

namespace troupe::experiment {

std::vector<double> with_floor(std::vector<double> shares, double floor) {
  const double rest = 1 - floor * static_cast<double>(shares.size());
  for (double& share : shares) share = floor + rest * share;
  return shares;
}

std::vector<double> all_to(size_t arm, size_t arms, double floor) {
  std::vector<double> shares(arms);
  shares[arm] = 1;
  return with_floor(std::move(shares), floor);
}

Status check_arms(size_t arms, double floor) {
  if (arms < 2 || arms > 1000) return fail_field("arms", "there are {} arms; a bandit has 2 to 1000", arms);
  if (floor >= 0 && floor * static_cast<double>(arms) <= 1) return {};
  return fail_field("floor", "the floor is {}; {} arms can have 0 to {} each", floor, arms,
                    1 / static_cast<double>(arms));
}

Status check_arm(size_t arm, size_t arms) {
  if (arm < arms) return {};
  return fail_field("arm", "there is no arm {}; they are 0 to {}", arm, arms - 1);
}

}  // namespace troupe::experiment
