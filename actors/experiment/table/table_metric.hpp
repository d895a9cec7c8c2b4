#pragma once
// TableMetric: what is asked of the columns of a table, as somebody writes it: "revenue:mean".

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::experiment {

enum class TableMetricKind : uint8_t {
  mean,        ///< COLUMN:mean, of units' totals.
  conversion,  ///< COLUMN:conversion: 1 where any row of the unit has 1.
  count,       ///< COLUMN:count or COLUMN/EXPOSURE:count: events of units, by a unit or by an exposure.
  ratio,       ///< COLUMN/COLUMN:ratio, of all rows' sums; units are clusters.
  quantile,    ///< COLUMN:p95, of single rows.
  time,        ///< COLUMN:event=COLUMN: time until the event (1), or how long the unit was watched without (0).
};

enum class TableMethod : uint8_t {
  automatic,  ///< The kind's first, see methods_of().
  z,
  t,
  welch,
  mann_whitney,
  fisher,
  barnard,
  poisson,
  poisson_score,
  negative_binomial,
  log_rank,
  cox,
  bayesian,
};

struct TableMetric {
  std::string name;  ///< As it was written.
  TableMetricKind kind = TableMetricKind::mean;
  std::string column;
  std::string per;      ///< Of a ratio, and of a count with an exposure; else empty.
  std::string event;    ///< Of a time.
  double quantile = 0;  ///< (0, 1)
  TableMethod method = TableMethod::automatic;
  std::string covariate;  ///< A column of what was known of units before; empty: none.
};

/// Refuses other forms, with the nearest word that is known. A column's name may have ':' (the last one counts), but no
/// '/' where the kind has two columns.
Result<TableMetric> parse_table_metric(std::string_view text);

/// "METHOD" for all metrics, or "METRIC=METHOD" for one, which is named as it was written or by its column alone.
/// Refuses a method that is not one of the metric's kind, and names those that are.
Status choose_method(std::string_view text, std::vector<TableMetric>& metrics);

/// "COLUMN" for all metrics, or "METRIC=COLUMN" for one. Refuses kinds and methods that have no covariates.
Status choose_covariate(std::string_view text, std::vector<TableMetric>& metrics);

/// Those of a kind, the usual one first. Of a count with an exposure those that know of one.
std::vector<TableMethod> methods_of(const TableMetric& metric);
std::string_view name_of(TableMethod method);

}  // namespace troupe::experiment
