#include "actors/experiment/assignment.hpp"

#include <xxhash.h>

#include <cmath>

namespace troupe::experiment {

size_t pick_weighted(std::span<const Arm> arms, std::string_view unit, std::string_view salt) {
  const uint64_t unit_hash = XXH3_64bits_withSeed(unit.data(), unit.size(), XXH3_64bits(salt.data(), salt.size()));
  size_t best = arms.size();
  double best_score = 0;
  for (size_t i = 0; i < arms.size(); ++i) {
    if (!(arms[i].weight > 0)) continue;
    const uint64_t hash = XXH3_64bits_withSeed(arms[i].name.data(), arms[i].name.size(), unit_hash);
    // Uniform in (0, 1): the middle of one of 2^53 equal cells, so that the logarithm is finite and not zero.
    const double uniform = (static_cast<double>(hash >> 11) + 0.5) * 0x1.0p-53;
    const double score = arms[i].weight / -std::log(uniform);
    if (best != arms.size() && score <= best_score) continue;
    best = i;
    best_score = score;
  }
  return best;
}

}  // namespace troupe::experiment
