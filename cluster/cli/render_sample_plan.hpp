#pragma once
// A sample's plan as a terminal and programs read it. Pure.

#include <nlohmann/json.hpp>
#include <string>

#include "actors/experiment/planning/sample_plan.hpp"

namespace troupe::cli {

/// `variants`: their names, one for each of the question's weights.
std::string render_sample_plan(const experiment::PlanQuestion& question, const experiment::SamplePlan& plan,
                               const std::vector<std::string>& variants);

/// The same numbers; what does not exist is left out.
nlohmann::json sample_plan_document(const experiment::PlanQuestion& question, const experiment::SamplePlan& plan,
                                    const std::vector<std::string>& variants);

}  // namespace troupe::cli
