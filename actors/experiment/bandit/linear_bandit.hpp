#pragma once
// LinearBandit: the arm that suits a request's context best, by a linear model of each arm's reward.

#include <span>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::experiment {

struct LinearBanditOptions {
  size_t features = 1;     ///< 1 to 128; state is features^2 numbers an arm.
  double ridge = 1;        ///< > 0: the strength of the prior that an arm's coefficients are 0.
  double exploration = 1;  ///< >= 0: standard deviations that an arm is given the benefit of.
  double floor = 0;        ///< [0, 1 / arms]: the share that every arm keeps in every context.
};

/// LinUCB with disjoint arms (Li, Chu, Langford and Schapire 2010, algorithm 1): the score of an arm in context x is
/// theta x + exploration sqrt(x A^-1 x), A = ridge I + sum x x', theta = A^-1 sum reward x. A^-1 is kept up to date by
/// Sherman and Morrison's formula, O(features^2) a batch of rewards in one context, which counts as its rewards one by
/// one would. Nothing is drawn: the same rewards give the same weights.
class LinearBandit {
 public:
  static Result<LinearBandit> make(size_t arms, LinearBanditOptions options);

  /// What came of `pulls` of `arm` in one context: `reward` is the sum. Refuses no pulls, contexts of another length
  /// than features, and what is not finite.
  Status add(size_t arm, std::span<const double> context, double pulls, double reward);
  /// One score an arm.
  Result<std::vector<double>> scores(std::span<const double> context) const;
  /// The allocation for this context: all to the highest score but the floors.
  Result<std::vector<double>> weights(std::span<const double> context) const;

 private:
  struct Model {
    std::vector<double> inverse;  ///< A^-1, row by row.
    std::vector<double> earned;   ///< sum reward x
  };
  LinearBandit(size_t arms, LinearBanditOptions options);
  Status check_context(std::span<const double> context) const;
  std::vector<double> inverse_times(const Model& model, std::span<const double> context) const;

  LinearBanditOptions options_;
  std::vector<Model> arms_;
};

}  // namespace troupe::experiment
