#pragma once
// Family-wise error over metrics, variants, stages and peeks: one scheme for all of an experiment's questions.

#include <span>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// One question: a metric of a variant, over all stages and peeks.
struct Hypothesis {
  double log_e = 0;   ///< log of its e-process as it is now; -infinity is allowed.
  double weight = 1;  ///< > 0: its share of alpha is weight / sum of weights.
};

struct FamilyVerdict {
  double adjusted_p = 1;  ///< min(1, 1 / adjusted e-value): the smallest family-wise alpha that rejects.
  bool rejected = false;
  double alpha = 0;  ///< At which its own confidence sequence is simultaneous with all the others.
};

/// Weighted e-Holm: closed testing in which an intersection is tested by the weighted mean of its members' e-values
/// (Vovk and Wang 2021, "E-values: calibration, combination and applications"). A question's adjusted e-value is the
/// least such mean over all sets of questions with it. The chance that any true null is ever rejected is at most alpha,
/// however the questions depend on each other, at every peek: means of e-processes are e-processes. Stages need nothing
/// of their own: the same e-process goes on. It rejects whatever a weighted Bonferroni split would, and more.
///
/// What was rejected at one peek stays rejected: the caller keeps it. (The mean of greatest values so far would not do:
/// they may have been reached at different times.)
///
/// Refuses an empty family, NaN, and weights that are not positive and finite.
Result<std::vector<FamilyVerdict>> family_verdicts(std::span<const Hypothesis> family, double alpha);

}  // namespace troupe::experiment
