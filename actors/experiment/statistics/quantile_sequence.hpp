#pragma once
// Confidence sequences for quantiles (p50, p95 of a latency) and their difference, exact and without a model of the
// values.

#include <cstdint>
#include <span>
#include <vector>

#include "actors/experiment/statistics/result.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// `count` values somewhere in [low, high]. A value known exactly is a bucket with low = high; a histogram's buckets
/// give intervals wider by at most a bucket at each end.
struct Bucket {
  double low = 0;   ///< Finite.
  double high = 0;  ///< Finite, >= low.
  uint64_t count = 0;
};

struct QuantileSequenceOptions {
  double alpha = 0.05;             ///< (0, 1)
  double quantile = 0.5;           ///< [0.0001, 0.9999]
  double values_planned = 10'000;  ///< [1, 1e12], of an arm: where the sequence is narrowest.
};

/// Values, one a unit, as buckets. Sorts. Refuses what is not finite.
Result<std::vector<Bucket>> buckets_of(std::vector<double> values);
/// A histogram in fixed buckets, as quantile_of_histogram() takes it: counts[i] (whole) values in [edges[i], edges[i +
/// 1]].
Result<std::vector<Bucket>> buckets_of(std::span<const double> edges, std::span<const double> counts);

/// For the true quantile x, the number of values <= x is binomial with a chance of at least `quantile`, and of those <
/// x with at most `quantile`. Each is tested by a beta-binomial mixture over the smaller (greater) chances, Beta(r
/// quantile, r (1 - quantile)) cut at `quantile`, at alpha / 2: those x that no test has rejected cover the quantile at
/// all times (Howard and Ramdas 2022, "Sequential estimation of quantiles with applications to A/B testing and best-arm
/// identification", section 3). r = values_planned / x with the x of tuned_prior_sd(). Values must be independent: one
/// a unit. Ends are infinite while there are few values.
///
/// `buckets` ascend and do not overlap (they may touch); refuses none, or all counts 0.
Result<Interval> quantile_sequence(std::span<const Bucket> buckets, QuantileSequenceOptions options);

/// The second arm's quantile less the first's. A difference is rejected where, for every x, the evidence against x as
/// the first arm's quantile times that against x + difference as the second's reaches 2 / alpha, for quantiles further
/// apart and for nearer ones. Estimate: of the arms' sample quantiles (bucket middles). p_value: the least alpha that
/// rejects 0, with r held. Statistic: log(1 / p_value).
Result<TestResult> quantile_difference_sequence(std::span<const Bucket> a, std::span<const Bucket> b,
                                                QuantileSequenceOptions options);

}  // namespace troupe::experiment
