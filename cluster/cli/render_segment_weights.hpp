#pragma once
// The weights that segments have, where each has its own.

#include <nlohmann/json.hpp>
#include <string>

namespace troupe::cli {

/// Of an experiment as the admin API shows it: a table of the last revision of each segment behind an empty line; empty
/// where all units have the same weights.
std::string render_segment_weights(const nlohmann::json& experiment);

}  // namespace troupe::cli
