#pragma once
// Factorial designs: several factors (prompt, temperature, model) are varied at once, every combination being a cell of
// the experiment. Main effects and interactions are read off the same units.

#include <vector>

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

inline constexpr size_t design_factors_max = 6;
inline constexpr size_t design_cells_max = 64;

struct FactorialDesign {
  /// Of each factor, >= 2; 1 to `design_factors_max` factors, level 0 being the one others are compared with.
  std::vector<size_t> levels;
  /// Of each combination, the last factor's level changing fastest; `design_cells_max` at most, each with a unit at
  /// least.
  std::vector<Moments> cells;
};

/// What moving the term's factors from level 0 to `levels` does, averaged evenly over the cells of the other factors:
/// for one factor the difference of means, for two the difference of differences, and so on.
struct FactorialContrast {
  std::vector<size_t> levels;  ///< >= 1, one for each factor of the term.
  TestResult result;           ///< Student's t with the deviation within all cells.
};

/// A main effect (one factor) or interaction (several).
struct FactorialTerm {
  std::vector<size_t> factors;  ///< Ascending indices into FactorialDesign::levels.
  OmnibusResult test;           ///< F test that the term adds nothing to all terms without it in them (type II).
  std::vector<FactorialContrast> contrasts;
};

/// All terms, main effects first. The variance is that within cells, sum m2 / (N - cells). Type II sums of squares
/// (Yates 1934; Langsrud, "ANOVA for unbalanced data", 2003) by weighted least squares on cell means, which is the same
/// as on all units. Refuses as many units as cells, and cells in which nothing varies.
Result<std::vector<FactorialTerm>> factorial_effects(const FactorialDesign& design, const TestOptions& options = {});

}  // namespace troupe::experiment
