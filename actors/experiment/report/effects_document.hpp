#pragma once
// The effects of factors as JSON, for programs and the CLI.

#include <string>

#include "actors/experiment/analysis/factor_effects.hpp"

namespace troupe::experiment {

/// Objects with `factors`, the `effects` of goals, and goals that have none with why. What is not known is left out.
std::string document_of(const ExperimentRecord& record, const FactorEffects& effects);

}  // namespace troupe::experiment
