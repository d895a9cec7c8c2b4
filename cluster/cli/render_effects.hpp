#pragma once
// The effects of an experiment's factors as a terminal shows them. Pure.

#include <nlohmann/json.hpp>
#include <string>

namespace troupe::cli {

/// Whether a row of the admin API's experiments has started, and has factors to tell of.
bool has_effects(const nlohmann::json& experiment);

/// From the admin API: a row for each effect of each goal; or of {"error": "…"} that they are not known.
std::string render_effects(const nlohmann::json& effects);

}  // namespace troupe::cli
