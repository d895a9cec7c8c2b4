#pragma once
// Comparisons as documents have them: docs/admin-api.md.

#include <nlohmann/json_fwd.hpp>

#include "actors/experiment/analysis/analysis.hpp"

namespace troupe::experiment {

/// JSON has no infinities: null.
nlohmann::json json_of(double value);

/// An unbounded side of an interval is null; what is not known is left out.
nlohmann::json json_of(const Definition& definition, const Comparison& comparison);

}  // namespace troupe::experiment
