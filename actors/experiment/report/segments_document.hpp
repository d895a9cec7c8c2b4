#pragma once
// A segment analysis as JSON: docs/admin-api.md shows it.

#include <string>

#include "actors/experiment/analysis/segment_analysis.hpp"

namespace troupe::experiment {

std::string document_of(const ExperimentRecord& record, const SegmentAnalysis& analysis);

}  // namespace troupe::experiment
