#pragma once
// A rehearsal as a terminal and programs read it. Pure.

#include <nlohmann/json.hpp>
#include <string>

#include "actors/experiment/planning/rehearsal.hpp"

namespace troupe::cli {

std::string render_rehearsal(const experiment::RehearsalQuestion& question, const experiment::Rehearsal& rehearsal);

/// The same numbers; what does not exist is left out.
nlohmann::json rehearsal_document(const experiment::RehearsalQuestion& question,
                                  const experiment::Rehearsal& rehearsal);

}  // namespace troupe::cli
