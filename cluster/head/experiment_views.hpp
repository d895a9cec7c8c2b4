#pragma once
// Experiments as the admin API shows them.

#include <nlohmann/json.hpp>

#include "actors/experiment/lifecycle/experiment_book.hpp"

namespace troupe::cluster {

/// A row for each: name, model, state, variants with their weights, when it started, why it ended.
nlohmann::json experiments_view(const experiment::ExperimentBook& experiments);
/// The row, with the definition's parts, its revisions, who is assigned what by the present one, and `document`, what
/// its numbers say (JSON; may be empty).
nlohmann::json experiment_view(const experiment::ExperimentRecord& record, const std::string& document);

}  // namespace troupe::cluster
