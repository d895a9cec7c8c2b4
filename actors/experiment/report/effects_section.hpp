#pragma once
// The report's section about factors.

#include <string>

#include "actors/experiment/analysis/factor_effects.hpp"

namespace troupe::experiment {

/// HTML; empty where the variants have no factors. Names are escaped.
std::string effects_section(const Definition& definition, const FactorEffects& effects);

}  // namespace troupe::experiment
