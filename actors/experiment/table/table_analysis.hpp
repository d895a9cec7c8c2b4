#pragma once
// TableAnalysis: what a table of units says of its variants. Pure.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/experiment/statistics/health.hpp"
#include "actors/experiment/statistics/multiplicity.hpp"
#include "actors/experiment/table/unit_comparison.hpp"
#include "actors/experiment/table/unit_table.hpp"

namespace troupe::experiment {

struct TableOptions {
  std::string control;  ///< Empty: the variant "control".
  double alpha = 0.05;  ///< (0, 1); intervals are at 1 - alpha.
  Alternative alternative = Alternative::two_sided;
  std::optional<Correction> correction = Correction::holm;
  std::vector<std::pair<std::string, double>> weights;  ///< Of variants, as they were assigned; empty: not checked.
};

struct TableComparison {
  std::string metric;
  std::string segment;  ///< Empty: all units.
  std::string variant;
  uint64_t control_units = 0;
  uint64_t treated_units = 0;
  UnitComparison said;
  std::optional<double> adjusted_p;  ///< Where it has a p value, and there is a correction.
};

struct TableAnalysis {
  uint64_t rows = 0;
  uint64_t crossed = 0;                                    ///< Units in several variants: left out.
  std::vector<std::pair<std::string, uint64_t>> variants;  ///< And their units, the control first.
  double alpha = 0.05;
  std::vector<TableComparison> comparisons;  ///< By metric, then variant; after them by segment, metric and variant.
  std::vector<Finding> health;
  bool is_healthy = true;
};

/// All comparisons of the whole table are one family for the correction, all those of segments another. Sample ratios
/// are checked by chi-square at 0.001. Errors: invalid_argument for a control that is not there, and weights that are
/// not of the table's variants or do not sum to 1.
Result<TableAnalysis> analyze_table(const UnitTable& table, const TableQuestion& question, const TableOptions& options);

}  // namespace troupe::experiment
