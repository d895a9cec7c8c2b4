#pragma once
// Quantiles, such as the 99th percentile of latency, and whether two arms differ in one.

#include <cstdint>
#include <span>

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

struct QuantileEstimate {
  double value = 0;
  /// Half the way between the values at the ranks n (q +- z s) over z, s being the standard error of the share of
  /// values below the quantile ("outer confidence interval", Deng, Knoblich and Lu, KDD 2018, section 4). Infinite
  /// where there are too few values for those ranks.
  double standard_error = 0;
  Interval interval;  ///< Unbounded on a side where there are too few values.
  double bucket_error =
      0;  ///< Of a histogram: `value` and the ends of `interval` are off by at most this. Otherwise 0.
};

// All refuse q or confidence outside (0, 1), and no values. They sort: O(n log n).

/// Values that are independent, one a unit. value: linear between ranks (Hyndman and Fan 1996, type 7). interval: the
/// order statistics that bracket the quantile with at least the confidence, by the binomial distribution (Conover,
/// "Practical Nonparametric Statistics", 1999, section 3.2).
Result<QuantileEstimate> quantile_of_values(std::span<const double> values, double q, double confidence = 0.95);

struct UnitValue {
  uint64_t unit = 0;
  double value = 0;
};

/// Values of which a unit has several, e.g. latencies of a user's requests: s by the delta method from the units'
/// shares (Deng et al., eq. 8; ratios.hpp), interval: the values at the ranks n (q +- z s). Refuses fewer than two
/// units.
Result<QuantileEstimate> quantile_of_clusters(std::span<const UnitValue> values, double q, double confidence = 0.95);

/// Counts in fixed buckets: counts[i] values in (edges[i], edges[i + 1]]. value: linear within its bucket. interval:
/// the outer edges of the buckets that hold the order statistics of quantile_of_values(), so that it has at least the
/// confidence. edges: finite, ascending, one more than counts.
Result<QuantileEstimate> quantile_of_histogram(std::span<const double> edges, std::span<const double> counts, double q,
                                               double confidence = 0.95);

/// Wald's test of second.value - first.value, for large counts. Refuses estimates whose standard error is infinite.
Result<TestResult> quantile_difference(const QuantileEstimate& first, const QuantileEstimate& second,
                                       const TestOptions& options = {});

}  // namespace troupe::experiment
