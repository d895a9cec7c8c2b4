#pragma once
// Thompson sampling: each arm gets the share of its chance to be the best (Thompson 1933; Agrawal and Goyal 2012).

#include <cstdint>
#include <vector>

#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/summary.hpp"
#include "runtime/base/random.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

struct ThompsonOptions {
  double floor = 0;       ///< [0, 1 / arms]: the share that every arm keeps.
  uint32_t draws = 4096;  ///< 1 to 1e6: draws of the posteriors that weights() counts.
  Beta prior = {1, 1};    ///< Of success rates; BetaThompson alone.
};

/// Rewards are successes and failures.
class BetaThompson {
 public:
  static Result<BetaThompson> make(size_t arms, ThompsonOptions options = {});

  /// What came of `arm` since the last call: whole counts, in any batches.
  Status add(size_t arm, double successes, double failures);
  /// The arm that is best in one draw of the posteriors.
  size_t choose(Random& random) const;
  /// The arms' next allocation; sums to 1.
  std::vector<double> weights(Random& random) const;

 private:
  BetaThompson(size_t arms, ThompsonOptions options) : options_(options), posteriors_(arms, options.prior) {}

  ThompsonOptions options_;
  std::vector<Beta> posteriors_;
};

/// Rewards are real numbers with means and variances that are not known: Student posteriors under Jeffreys' prior. Arms
/// of fewer than 4 rewards, or whose rewards do not vary yet, come first, in equal shares.
class GaussianThompson {
 public:
  static Result<GaussianThompson> make(size_t arms, ThompsonOptions options = {});

  /// What came of `arm` since the last call.
  Status add(size_t arm, const Moments& rewards);
  size_t choose(Random& random) const;
  std::vector<double> weights(Random& random) const;

 private:
  GaussianThompson(size_t arms, ThompsonOptions options) : options_(options), rewards_(arms) {}
  std::vector<size_t> unknown() const;

  ThompsonOptions options_;
  std::vector<Moments> rewards_;
};

}  // namespace troupe::experiment
