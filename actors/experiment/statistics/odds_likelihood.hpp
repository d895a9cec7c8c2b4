#pragma once
// OddsLikelihood: what batches of successes and failures of two arms say about the log odds ratio, whatever the arms'
// common success rate was in each batch.

#include <array>
#include <cstddef>
#include <cstdint>

namespace troupe::experiment {

/// Trials of one arm in one batch; successes <= trials.
struct RateCounts {
  uint64_t trials = 0;
  uint64_t successes = 0;
  bool operator==(const RateCounts&) const = default;
};

/// Given a batch's trials per arm and its successes in total, the second arm's successes K are noncentral
/// hypergeometric, P(K = k) ~ P0(k) exp(theta k) with P0 the central (theta = 0) distribution (Fisher 1935). So the
/// batch's log likelihood ratio against theta = 0 is theta k - log E0[exp(theta K)], free of the base rate; those of
/// batches add up.
///
/// Kept at nodes 1/8 apart on [-4, 4] with two derivatives, and interpolated by quintics between. K is a sum of
/// independent indicators (Vatutin and Mikhailov 1982), whose sixth cumulants are at most 1/4 each: so the interpolated
/// value is wrong by at most (1/8)^6 / 46080 / 4 = 2.1e-11 for each success counted. Beyond the nodes value() is the
/// tangent at the last one, which is above the true value: the function is concave.
///
/// E0 is a sum over all of K's values where they are few. Otherwise it runs over every h-th value around the mode,
/// times h, with h <= sigma / 3 for K's standard deviation sigma: the characteristic function of a sum of indicators is
/// at most exp(-sigma^2 (1 - cos t)), so this is wrong by a factor of less than 1 + 1e-15.
class OddsLikelihood {
 public:
  static constexpr double theta_max = 4;
  static constexpr size_t nodes = 65;

  /// Adds a batch: `a` and `b` are what is new in the first and the second arm. At most some hundreds of terms a node:
  /// microseconds for tens of trials, a millisecond for a billion.
  void add(RateCounts a, RateCounts b);

  double value(double theta) const;
  double slope(double theta) const;
  double curvature(double theta) const;
  /// Where value() is greatest, within [-theta_max, theta_max].
  double peak() const;
  /// False until a batch had both arms, a success and a failure: nothing is known, value() is 0 everywhere.
  bool informed() const { return informed_; }

 private:
  struct Node {
    double value = 0;
    double slope = 0;
    double curvature = 0;
  };
  void add_small(double low, double high, double k, RateCounts a, RateCounts b);
  void add_large(double k, RateCounts a, RateCounts b);
  void add_to(Node& node, double value, double mean, double variance, double k);

  std::array<Node, nodes> nodes_{};
  bool informed_ = false;
};

}  // namespace troupe::experiment
