#pragma once
// The analysis of factors in a table of units as a terminal and programs read it. Pure.

#include <nlohmann/json.hpp>
#include <string>

#include "actors/experiment/table/factor_analysis.hpp"

namespace troupe::cli {

std::string render_factor_analysis(const experiment::FactorAnalysis& analysis);

/// The same numbers, and the differences of interactions.
nlohmann::json factor_analysis_document(const experiment::FactorAnalysis& analysis);

}  // namespace troupe::cli
