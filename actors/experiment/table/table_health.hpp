#pragma once
// Whether a table of units can be trusted, however it is analysed.

#include <vector>

#include "actors/experiment/statistics/health.hpp"
#include "actors/experiment/table/unit_table.hpp"

namespace troupe::experiment {

/// Of units that have rows of several variants; none where each row is a unit of its own.
Result<std::vector<Finding>> exposure_findings(const UnitTable& table, const TableQuestion& question);

}  // namespace troupe::experiment
