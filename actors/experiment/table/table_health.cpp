#include "actors/experiment/table/table_health.hpp"

#include <algorithm>

namespace troupe::experiment {

Result<std::vector<Finding>> exposure_findings(const UnitTable& table, const TableQuestion& question) {
  if (question.unit_column.empty()) return std::vector<Finding>{};
  const auto crossed = static_cast<uint64_t>(std::ranges::count(table.is_crossed, true));
  TROUPE_TRY(Finding finding, check_multiple_exposure(table.units(), crossed));
  return std::vector{std::move(finding)};
}

}  // namespace troupe::experiment
