#pragma once
// Bayesian comparison of arms: conjugate posteriors, and probabilities by numerical integration (no sampling, so the
// same data gives the same digits). The statements hold given the prior; peeking does not invalidate them, but they do
// not bound how often an A/A test ends in a false alarm: the sequences of this folder do.

#include <span>
#include <variant>
#include <vector>

#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/result.hpp"
#include "actors/experiment/statistics/summary.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// location + scale * (a Student t).
struct LocatedT {
  double location = 0;
  double scale = 1;  ///< > 0
  double df = 3;     ///< > 2
};

/// What is believed of an arm's rate or mean after its data.
using Posterior = std::variant<Beta, Gamma, LocatedT>;

/// Of a mean and a precision: precision ~ Gamma(shape, rate), mean ~ N(mean, 1 / (strength * precision)). The defaults
/// are Jeffreys' prior, under which the mean is t with n - 1 degrees of freedom around the sample's.
struct NormalGammaPrior {
  double mean = 0;
  double strength = 0;  ///< >= 0, in units: how many the prior counts for.
  double shape = -0.5;  ///< >= -0.5
  double rate = 0;      ///< >= 0
};

/// Of an event rate, in 1 / exposure. The default is Jeffreys' prior.
struct GammaPrior {
  double shape = 0.5;  ///< > 0
  double rate = 0;     ///< >= 0
};

/// Successes of trials; prior Beta(1, 1), uniform, unless said. Posterior Beta(a + successes, b + failures).
Result<Posterior> rate_posterior(const Proportion& arm, Beta prior = {1, 1});
/// A mean of units. Refuses what leaves the variance unknown: fewer than 4 units under the default prior, no variance.
Result<Posterior> mean_posterior(const Moments& arm, NormalGammaPrior prior = {});
/// `events` (whole, >= 0) over `exposure` (> 0), Poisson. Posterior Gamma(shape + events, 1 / (rate + exposure)).
Result<Posterior> event_rate_posterior(double events, double exposure, GammaPrior prior = {});

struct BayesianOptions {
  double credibility = 0.95;  ///< (0, 1)
  bool higher_is_better = true;
};

struct ArmBelief {
  double mean = 0;
  Interval credible;            ///< Equal-tailed.
  double probability_best = 0;  ///< That no other arm's value is better. Sums to 1 over arms.
  double expected_loss = 0;     ///< Expected shortfall of this arm to the best one, >= 0, in the metric's unit.
};

/// For 2 to 16 arms. P(best i) = integral of f_i times the product of the others' distribution functions, by
/// Gauss-Legendre panels in the normal score of arm i's quantile, broken at the other arms' quantiles: right to 1e-9
/// and better. O(arms^3): some ten milliseconds for two arms, seconds for 16.
Result<std::vector<ArmBelief>> compare_arms(std::span<const Posterior> arms, BayesianOptions options = {});

struct DifferenceBelief {
  double mean = 0;                 ///< Of the second arm's value less the first's.
  Interval credible;               ///< Equal-tailed.
  double probability_greater = 0;  ///< That the second arm's value is the greater one.
  double probability_rope = 0;     ///< That the difference lies within [-rope, rope]: practically equivalent.
};

/// `rope` >= 0, in the metric's unit.
Result<DifferenceBelief> compare_two(const Posterior& a, const Posterior& b, double rope, double credibility = 0.95);

}  // namespace troupe::experiment
