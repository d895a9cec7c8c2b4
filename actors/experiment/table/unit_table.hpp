#pragma once
// UnitTable: the rows of a file made into units, each in one variant, with what it came to in each metric.

#include <cstdint>
#include <string>
#include <vector>

#include "actors/experiment/statistics/quantiles.hpp"
#include "actors/experiment/table/csv_reader.hpp"
#include "actors/experiment/table/table_metric.hpp"

namespace troupe::experiment {

/// A column whose values are a factor's levels.
struct TableFactor {
  std::string column;
  std::string base;  ///< The level that others are held against; empty: the first to come.
};

struct TableQuestion {
  std::string unit_column;  ///< Empty: each row is a unit of its own.
  std::string variant_column = "variant";
  std::vector<TableFactor> factors;  ///< Not empty: in place of the variant's column. Then each combination of their
                                     ///< levels is a variant.
  std::string segment_column;        ///< Empty: none.
  std::vector<TableMetric> metrics;
};

/// One metric; unit by unit, unless said otherwise.
struct UnitColumn {
  std::vector<double> x;  ///< Total; 0 or 1 of a conversion; time.
  std::vector<double> y;  ///< Total of a ratio's second column; exposure of a count; of a time whether the event came.
  std::vector<double> covariate;  ///< Where one is asked.
  std::vector<UnitValue> values;  ///< Of a quantile: of each row; the rest is empty then.
};

struct UnitTable {
  uint64_t rows = 0;
  std::vector<std::string> variants;             ///< As they came.
  std::vector<std::vector<std::string>> levels;  ///< Of each variant: one for each factor; empty where none are asked.
  std::vector<std::string> segments;             ///< Likewise; empty where none are asked.
  std::vector<uint32_t> variant;                 ///< Of each unit.
  std::vector<uint32_t> segment;                 ///< Of each unit, where they are asked.
  std::vector<bool> is_crossed;                  ///< Units with rows of several variants: they belong to none.
  std::vector<UnitColumn> columns;               ///< One for each metric.

  size_t units() const noexcept { return variant.size(); }
};

inline constexpr size_t table_units_max = 50'000'000;
inline constexpr size_t table_variants_max = 64;
inline constexpr size_t table_segments_max = 200;

/// The first record names the columns; others than those asked for may be there. invalid_argument names line and
/// column: what is no number, not finite or empty; what no value of the kind is (a conversion other than 0 and 1); a
/// unit whose segment or covariate is one in one row and another in the next; two rows of a unit where a time is asked.
/// too_large: a limit above.
Result<UnitTable> read_unit_table(CsvReader& csv, const TableQuestion& question);

}  // namespace troupe::experiment
