#pragma once
// Experiments as a terminal shows them. Pure.

#include <nlohmann/json.hpp>
#include <string>

namespace troupe::cli {

/// A row for each, from the admin API's list.
std::string render_experiments(const nlohmann::json& rows);

/// One of them: what its numbers say in a sentence, its variants, its metrics, and what makes it sick.
std::string render_experiment(const nlohmann::json& experiment);

}  // namespace troupe::cli
