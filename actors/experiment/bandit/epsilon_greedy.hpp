#pragma once
// Epsilon-greedy: mostly the arm with the best mean, now and then any.

#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

struct EpsilonGreedyOptions {
  double epsilon = 0.1;  ///< [0, 1]: the share that is spread over all arms.
  /// > 0 or 0: with it epsilon falls as min(epsilon, decay / pulls), pulls of all arms so far (Auer, Cesa-Bianchi and
  /// Fischer 2002: regret is logarithmic for a decay of 5 arms / gap^2 and more). 0: epsilon stays.
  double decay = 0;
  double floor = 0;  ///< [0, 1 / arms]: the share that every arm keeps.
};

class EpsilonGreedy {
 public:
  static Result<EpsilonGreedy> make(size_t arms, EpsilonGreedyOptions options = {});

  /// `pulls` (whole, > 0) of `arm` that earned `reward` (finite) together.
  Status add(size_t arm, double pulls, double reward);
  size_t choose(Random& random) const;
  /// The next allocation. While an arm has no pulls, all to the first of those but the floors.
  std::vector<double> weights() const;
  /// The share that is spread, as of now.
  double epsilon() const;

 private:
  struct Earned {
    double pulls = 0, reward = 0;
  };
  EpsilonGreedy(size_t arms, EpsilonGreedyOptions options) : options_(options), arms_(arms) {}
  bool all_known() const;
  size_t best() const;

  EpsilonGreedyOptions options_;
  std::vector<Earned> arms_;
};

}  // namespace troupe::experiment
