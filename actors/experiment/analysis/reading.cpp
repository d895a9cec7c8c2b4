#include "actors/experiment/analysis/reading.hpp"

#include <algorithm>
#include <cmath>

#include "actors/experiment/analysis/exact_moments.hpp"
#include "actors/experiment/statistics/ratios.hpp"

namespace troupe::experiment {

Result<Reading> reading_of(MetricKind kind, const UnitSums& sums) {
  if (kind == MetricKind::ratio) {
    TROUPE_TRY(const RatioEstimate ratio, ratio_of_sums(ratio_moments_of(sums)));
    return Reading{ratio.ratio, ratio.standard_error, static_cast<uint64_t>(sums.units)};
  }
  const Moments moments = moments_of(sums);
  const double error = moments.n < 2 ? 0 : std::sqrt(moments.m2 / (moments.n - 1) / moments.n);
  return Reading{moments.mean, error, static_cast<uint64_t>(sums.units)};
}

int64_t events_in(const BucketCounts& counts) {
  int64_t events = 0;
  for (const auto& [bucket, count] : counts) events += count;
  return events;
}

double quantile_in(const BucketCounts& counts, double quantile) {
  const double rank = quantile * static_cast<double>(events_in(counts));
  double before = 0;
  for (const auto& [bucket, count] : counts) {
    if (before + static_cast<double>(count) >= rank) {
      const double low = from_fixed(bucket_begin(bucket));
      const double high = from_fixed(bucket_begin(static_cast<uint16_t>(bucket + 1)));
      return low + (high - low) * std::clamp((rank - before) / static_cast<double>(count), 0.0, 1.0);
    }
    before += static_cast<double>(count);
  }
  return 0;
}

}  // namespace troupe::experiment
