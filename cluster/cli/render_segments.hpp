#pragma once
// An experiment's segments as a terminal shows them. Pure.

#include <nlohmann/json.hpp>
#include <string>

namespace troupe::cli {

/// From the admin API's `segments`: what was found and what may mislead, a table for each segmentation, and whether its
/// parts differ.
std::string render_segments(const nlohmann::json& segments);

}  // namespace troupe::cli
