#pragma once
// Factors: several things that are varied at once (prompt, temperature), every combination of their levels being a
// variant.

#include <string>
#include <vector>

#include "actors/experiment/definition/definition.hpp"

namespace troupe::experiment {

struct Factor {
  std::string name;
  std::vector<std::string> levels;  ///< The control's first: others are held against it. Then as variants name them.
};

/// How many each has.
std::vector<size_t> level_counts(const std::vector<Factor>& factors);

struct VariantDesign {
  std::vector<Factor> factors;  ///< By name; empty where variants name none.
  /// The variant of each combination, the last factor's level changing fastest: the control is the first.
  std::vector<uint32_t> arms;
};

/// What check() asks of factors is that there is a design: all variants name the same factors, of 2 levels at least,
/// and each combination is exactly one variant's. Without full crossing a factor's effect and others' could not be
/// told apart for every pair of levels. invalid_argument names the variant, the factor or the combination.
Result<VariantDesign> design_of(const Definition& definition);

}  // namespace troupe::experiment
