#pragma once
// Allocations: the weights that a bandit hands to assignment.

#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// floor for each arm, and the rest in proportion to `shares` (which sum to 1). floor * arms <= 1.
std::vector<double> with_floor(std::vector<double> shares, double floor);

/// All to `arm` but the others' floors.
std::vector<double> all_to(size_t arm, size_t arms, double floor);

/// Refuses fewer than 2 or more than 1,000 arms, and a floor below 0 or that arms can't all have.
Status check_arms(size_t arms, double floor);
/// Refuses an arm that is none.
Status check_arm(size_t arm, size_t arms);

}  // namespace troupe::experiment
