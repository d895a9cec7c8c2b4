#pragma once
// MetricView: one metric's rows of the aggregates, as analysis walks over them.

#include <vector>

#include "actors/experiment/ledger/aggregates.hpp"

namespace troupe::experiment {

/// An arm under one revision, all its time buckets together.
struct Stratum {
  uint32_t revision = 0;
  UnitSums sums;
  BucketCounts counts;
};

/// An arm under one revision in one time bucket.
struct Cell {
  uint32_t revision = 0;
  int64_t bucket = 0;
  UnitSums sums;
  BucketCounts counts;
};

class MetricView {
 public:
  /// `aggregates` must outlive it.
  MetricView(const Aggregates& aggregates, uint32_t experiment, uint32_t metric)
      : aggregates_(aggregates), experiment_(experiment), metric_(metric) {}

  /// By revision.
  std::vector<Stratum> strata(uint32_t arm) const;
  /// By revision, then bucket.
  std::vector<Cell> cells(uint32_t arm) const;
  /// Over all revisions.
  Stratum whole(uint32_t arm) const;

 private:
  const Aggregates& aggregates_;
  uint32_t experiment_;
  uint32_t metric_;
};

}  // namespace troupe::experiment
