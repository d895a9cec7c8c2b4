#pragma once
// Report: all that an experiment's numbers say, as one HTML file without references to anything else: styles and
// drawings are in it, it runs no script, and it prints. Pure.

#include <string>
#include <string_view>

#include "actors/experiment/analysis/factor_effects.hpp"
#include "actors/experiment/analysis/history.hpp"
#include "actors/experiment/analysis/segment_analysis.hpp"

namespace troupe::experiment {

/// Of an experiment that has started. `document` is what its numbers said last (document_of() in verdict.hpp), JSON;
/// where it is empty, or not that, the report says that nobody has looked yet. Texts of definitions and documents are
/// escaped.
std::string report_html(const ExperimentRecord& record, std::string_view document, const History& history,
                        const FactorEffects& effects = {}, const SegmentAnalysis& segments = {});

}  // namespace troupe::experiment
