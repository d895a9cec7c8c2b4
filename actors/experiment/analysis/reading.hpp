#pragma once
// Reading: what one arm's sums come to in one metric.

#include "actors/experiment/definition/definition.hpp"
#include "actors/experiment/ledger/unit_sums.hpp"
#include "actors/experiment/ledger/value_buckets.hpp"

namespace troupe::experiment {

struct Reading {
  double value = 0;
  double standard_error = 0;
  uint64_t units = 0;
};

/// Of metrics that are sums over units: all but quantiles and survival. Requires units >= 1. Refuses a ratio whose
/// denominator is 0.
Result<Reading> reading_of(MetricKind kind, const UnitSums& sums);

int64_t events_in(const BucketCounts& counts);
/// Interpolated in its bucket; 0 where there are no values.
double quantile_in(const BucketCounts& counts, double quantile);

}  // namespace troupe::experiment
