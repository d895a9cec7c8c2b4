#pragma once
// FactorAnalysis: what a table of units says of factors (prompt, temperature) that were varied at once. Pure.

#include <optional>
#include <string>
#include <vector>

#include "actors/experiment/statistics/health.hpp"
#include "actors/experiment/statistics/multiplicity.hpp"
#include "actors/experiment/statistics/summary.hpp"
#include "actors/experiment/table/unit_table.hpp"

namespace troupe::experiment {

struct FactorOptions {
  double alpha = 0.05;  ///< (0, 1); intervals are at 1 - alpha.
  std::optional<Correction> correction = Correction::holm;
};

struct FactorLevels {
  std::string factor;
  std::vector<std::string> levels;  ///< The first is the one that others are held against.
};

/// A combination of levels.
struct FactorCell {
  std::vector<std::string> levels;  ///< One for each factor.
  uint64_t units = 0;
};

/// What moving the term's factors from their first levels to these does, as in FactorialContrast.
struct LevelDifference {
  std::vector<std::string> levels;  ///< One for each factor of the term.
  double difference = 0;
  Interval interval;
};

/// A main effect (one factor) or interaction (several).
struct FactorTerm {
  std::vector<std::string> factors;
  OmnibusResult test;
  std::optional<double> adjusted_p;  ///< Where there is a correction.
  std::vector<LevelDifference> differences;
};

struct FactorMetric {
  std::string metric;
  bool is_probability = false;  ///< A conversion: its rate is modelled as a mean (linear probability model).
  std::vector<double> means;    ///< Of each cell.
  std::vector<FactorTerm> terms;
  std::string reason;  ///< Why there are no terms; else empty.
};

struct FactorAnalysis {
  uint64_t rows = 0;
  uint64_t crossed = 0;  ///< Units in several combinations: left out.
  double alpha = 0.05;
  std::vector<FactorLevels> factors;
  std::vector<FactorCell> cells;  ///< Every combination, the last factor's level changing fastest.
  std::vector<FactorMetric> metrics;
  std::vector<Finding> health;
  bool is_healthy = true;
};

/// Of a table that was read with `question.factors`. F tests of type II (statistics/factorial.hpp) and differences of
/// means, conversions and counts by a unit; the tests of all terms of all metrics are one family for the correction.
///
/// invalid_argument: a metric of another kind, or one with a method or covariate of its own; a factor of one level, or
/// without the level that others are to be held against; too many combinations; a combination without units; no
/// combination with more than one.
Result<FactorAnalysis> analyze_factors(const UnitTable& table, const TableQuestion& question,
                                       const FactorOptions& options);

}  // namespace troupe::experiment
