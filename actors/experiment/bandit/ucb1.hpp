#pragma once
// UCB1: the arm whose mean could be the highest (Auer, Cesa-Bianchi and Fischer 2002).

#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// Rewards lie within [0, 1]. The index of an arm is mean + sqrt(2 log(pulls of all) / pulls); an arm without pulls
/// comes first. Pulled one at a time, expected regret after n pulls is at most 8 sum log(n) / gap + (1 + pi^2 / 3) sum
/// gap over the worse arms; with batches it is more.
class Ucb1 {
 public:
  /// `floor`: the share that every arm keeps, [0, 1 / arms].
  static Result<Ucb1> make(size_t arms, double floor = 0);

  /// `pulls` (whole, > 0) of `arm` that earned `reward` together, within [0, pulls].
  Status add(size_t arm, double pulls, double reward);
  size_t choose() const;
  /// The next allocation: all to choose() but the floors.
  std::vector<double> weights() const;

 private:
  struct Earned {
    double pulls = 0, reward = 0;
  };
  Ucb1(size_t arms, double floor) : floor_(floor), arms_(arms) {}

  double floor_;
  std::vector<Earned> arms_;
};

}  // namespace troupe::experiment
