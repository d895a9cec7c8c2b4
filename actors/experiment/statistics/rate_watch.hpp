#pragma once
// RateWatch: whether two arms' success rates differ, watched as long and as often as one likes.

#include <optional>

#include "actors/experiment/statistics/odds_likelihood.hpp"
#include "actors/experiment/statistics/result.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

struct RateWatchOptions {
  double alpha = 0.05;  ///< (0, 1): the chance of ever alarming where there is no difference.
  /// (0, 2]: the log odds ratio's prior standard deviation. The test is valid for any; it is quickest for effects of
  /// about this size (0.2: a rate of 5 % against 4.1 % or 6 %).
  double prior_sd = 0.2;
  /// >= 2: trials of both arms that make a batch. A batch of n knows (n - 1) / n of what its trials know.
  uint64_t batch_trials_min = 32;
  Alternative alternative = Alternative::two_sided;  ///< greater: the second arm's rate is the greater one.
};

/// An e-process on the log odds ratio theta: the product over batches of the conditional likelihood ratios of
/// OddsLikelihood, averaged over a N(0, prior_sd^2) prior cut at [-4, 4] (one-sided: its half). By Ville's inequality
/// it ever exceeds 1 / alpha with a chance of at most alpha where theta = 0 (Robbins 1970; Ramdas et al. 2023).
///
/// Exact, not asymptotic, and it does not ask for a constant base rate: where which trials went to which arm was drawn
/// at random, and the arm makes no difference, the second arm's successes in a batch are hypergeometric whatever made
/// the outcomes: drift between batches, common bursts, dependent outcomes. A batch must not span two allocations: call
/// close_batch() when the weights change. Trials must be what was assigned: requests where requests are assigned, units
/// where units are; a trial is told with its outcome.
///
/// Chosen over the safe 2x2 test of Turner, Ly and Gruenwald (2021), which bets on both arms' rates as learnt before:
/// learning two rates to tell one difference costs it some 70 % more trials (docs/statistics.md), while here the base
/// rate cancels. It gains the (n - 1) / n of small batches, which batch_trials_min makes 3 %.
///
/// Not thread-safe. Copyable. State of fixed size.
class RateWatch {
 public:
  static Result<RateWatch> make(RateWatchOptions options);

  /// What is new since the last call. Refuses more successes than trials, and more than 2^53 trials.
  Status add(RateCounts a, RateCounts b);
  /// Evaluates what waits for a full batch. Before the allocation changes; now() does not need it.
  void close_batch();

  /// Statistic: log of the e-process. p_value: 1 / its greatest value so far. Estimate: the conditional maximum
  /// likelihood estimate of the log odds ratio, second arm over first, within [-4, 4]. Interval: the confidence
  /// sequence {theta0 : the same mixture's ratio against theta0 < 1 / alpha}, which covers theta at all times with 1 -
  /// alpha where theta is constant; one-sided alternatives have an infinite end. Nothing of a batch that is not full is
  /// in it. Refuses while no batch had both arms, a success and a failure.
  Result<TestResult> now() const;
  /// log of the e-process now, 0 while nothing is known: what family.hpp combines.
  double log_evidence() const { return log_e_; }

 private:
  explicit RateWatch(RateWatchOptions options) : options_(options) {}
  double log_mixture() const;

  RateWatchOptions options_;
  OddsLikelihood likelihood_;
  RateCounts waiting_a_, waiting_b_;
  double log_e_ = 0;
  double log_e_max_ = 0;
};

}  // namespace troupe::experiment
