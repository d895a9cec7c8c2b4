#pragma once
// A history as JSON, for pages and scripts (docs/admin-api.md).

#include <string>

#include "actors/experiment/analysis/history.hpp"

namespace troupe::experiment {

/// Columns: each array has one member for each of `times`. What is not known, and an open side of an interval, is null.
std::string document_of(const ExperimentRecord& record, const History& history);

}  // namespace troupe::experiment
