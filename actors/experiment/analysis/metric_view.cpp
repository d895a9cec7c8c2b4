#include "actors/experiment/analysis/metric_view.hpp"

#include <limits>

namespace troupe::experiment {
namespace {

/// Rows of an experiment are ordered by revision, arm, metric and bucket.
template <class Handle>
void each_row(const Aggregates& aggregates, uint32_t experiment, uint32_t arm, uint32_t metric, Handle handle) {
  constexpr int64_t first_bucket = std::numeric_limits<int64_t>::min();
  const auto& rows = aggregates.rows();
  auto row = rows.lower_bound({experiment, 0, 0, 0, first_bucket});
  while (row != rows.end() && row->first.experiment == experiment) {
    const RowKey& key = row->first;
    const RowKey wanted{experiment, key.revision, arm, metric, first_bucket};
    if (key < wanted) {
      row = rows.lower_bound(wanted);
    } else if (key.arm == arm && key.metric == metric) {
      handle(key, row->second);
      ++row;
    } else {
      if (key.revision == std::numeric_limits<uint32_t>::max()) return;
      row = rows.lower_bound({experiment, key.revision + 1, arm, metric, first_bucket});
    }
  }
}

}  // namespace

std::vector<Stratum> MetricView::strata(uint32_t arm) const {
  std::vector<Stratum> strata;
  each_row(aggregates_, experiment_, arm, metric_, [&](const RowKey& key, const Row& row) {
    if (strata.empty() || strata.back().revision != key.revision) strata.push_back({key.revision, {}, {}});
    strata.back().sums += row.sums;
    add_counts(strata.back().counts, row.counts);
  });
  return strata;
}

std::vector<Cell> MetricView::cells(uint32_t arm) const {
  std::vector<Cell> cells;
  each_row(aggregates_, experiment_, arm, metric_, [&](const RowKey& key, const Row& row) {
    cells.push_back({key.revision, key.bucket, row.sums, row.counts});
  });
  return cells;
}

Stratum MetricView::whole(uint32_t arm) const {
  Stratum all;
  for (const Stratum& stratum : strata(arm)) {
    all.sums += stratum.sums;
    add_counts(all.counts, stratum.counts);
  }
  return all;
}

}  // namespace troupe::experiment
