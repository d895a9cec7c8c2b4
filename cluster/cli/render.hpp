#pragma once
// What the admin API answers, as people read it. Pure. Missing members show as "-": an older or newer head is no error.

#include <nlohmann/json.hpp>
#include <string>

namespace troupe::cli {

std::string render_nodes(const nlohmann::json& nodes);
std::string render_actors(const nlohmann::json& actors);
/// The same, each under its supervisor.
std::string render_actor_tree(const nlohmann::json& actors);
std::string render_models(const nlohmann::json& models);
/// All that is known of versions, those of one model.
std::string render_model_details(const nlohmann::json& versions);
/// A line a deployment; under the table why one is not whole.
std::string render_deployments(const nlohmann::json& deployments);
/// Each replica of one deployment.
std::string render_deployment(const nlohmann::json& deployment);
/// The replicas of all deployments.
std::string render_replicas(const nlohmann::json& deployments);
std::string render_status(const nlohmann::json& status);
/// What an apply changed, a line each.
std::string render_changes(const nlohmann::json& answer);

/// The rows whose "name" (of models also "NAME@VERSION") is `name`; all where it is empty.
nlohmann::json only(const nlohmann::json& rows, const std::string& name);

}  // namespace troupe::cli
