#include "test/simulation/experiment/mismatch.hpp"

#include "actors/experiment/statistics/sample_ratio.hpp"
#include "runtime/base/random.hpp"

namespace troupe::experiment::simulation {

double mismatch_found(double lost, double concentration, double alpha, uint64_t units, uint64_t runs, uint64_t seed) {
  SeededRandom random(seed);
  uint64_t found = 0;
  for (uint64_t run = 0; run < runs; ++run) {
    std::vector<RevisionCounts> revisions{{{0.5, 0.5}, {0, 0}}};
    for (uint64_t i = 1; i <= units; ++i) {
      const bool second = random.next() & 1;
      if (!second || random.uniform() >= lost) ++revisions[0].units[second];
      if (i % 100 != 0) continue;
      if (sample_ratio_sequential(revisions, {concentration}).value().p_value > alpha) continue;
      ++found;
      break;
    }
  }
  return static_cast<double>(found) / static_cast<double>(runs);
}

}  // namespace troupe::experiment::simulation
