#pragma once
// Cells of tables that show comparisons of the admin API. Pure.

#include <nlohmann/json.hpp>
#include <string>

namespace troupe::cli {

/// Empty where there is no such text.
std::string text_in(const nlohmann::json& row, const char* field);
/// NaN where there is no such number.
double number_in(const nlohmann::json& row, const char* field);

/// "+4.2%" where the comparison has a relative change, else the difference, else why there is none.
std::string change_cell(const nlohmann::json& comparison);
/// "[+1.2%, +3.4%]" of what change_cell() shows; an open side is shown as such, and "none yet" where both are.
std::string interval_cell(const nlohmann::json& comparison);

}  // namespace troupe::cli
