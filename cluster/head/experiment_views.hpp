#pragma once
// Experiments as the admin API shows them.

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "actors/experiment/lifecycle/experiment_book.hpp"

namespace troupe::cluster {

/// What an experiment's numbers said last, as JSON: of those that run by their names, else what their records keep.
using ExperimentDocuments = std::map<std::string, std::string>;

/// Why what is due of some is not done, by their names.
using ExperimentTroubles = std::map<std::string, std::string>;

/// A row for each: name, model, state, variants with their weights and units, when it started, why it ended or what is
/// due and not done, and the sentence of how it stands.
nlohmann::json experiments_view(const experiment::ExperimentBook& experiments, const ExperimentDocuments& documents,
                                const ExperimentTroubles& troubles);
/// The row, with the definition's parts, its revisions, who is assigned what by the present one, and `document`, what
/// its numbers say (JSON; may be empty). `trouble`: likewise.
nlohmann::json experiment_view(const experiment::ExperimentRecord& record, const std::string& document,
                               const std::string& trouble);

}  // namespace troupe::cluster
