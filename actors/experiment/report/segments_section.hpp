#pragma once
// The part of a report that shows how variants do in each part of the units.

#include <string>

#include "actors/experiment/analysis/segment_analysis.hpp"

namespace troupe::experiment {

/// HTML; empty where nothing is told apart. Texts of the definition are escaped.
std::string segments_section(const Definition& definition, const SegmentAnalysis& analysis);

}  // namespace troupe::experiment
