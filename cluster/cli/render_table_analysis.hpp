#pragma once
// The analysis of a table of units as a terminal and programs read it. Pure.

#include <nlohmann/json.hpp>
#include <string>

#include "actors/experiment/table/table_analysis.hpp"

namespace troupe::cli {

std::string render_table_analysis(const experiment::TableAnalysis& analysis);

/// The same numbers; what does not exist is left out, and an unbounded end of an interval is null.
nlohmann::json table_analysis_document(const experiment::TableAnalysis& analysis);

}  // namespace troupe::cli
