#include "cluster/head/audit_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "cluster/spec/join_token.hpp"
#include "runtime/base/clock.hpp"

namespace troupe::cluster {

std::string change_of(const DeploymentRecord* before, const DeploymentRecord& after) {
  const std::string version = after.model + "@" + after.version;
  if (before == nullptr) return fmt::format("created: {} x{}, weight {}", version, after.replicas, after.weight);
  std::vector<std::string> changes;
  DeploymentRecord rest = *before;
  if (const std::string old = before->model + "@" + before->version; old != version)
    changes.push_back(fmt::format("{} -> {}", old, version));
  if (before->replicas != after.replicas)
    changes.push_back(fmt::format("x{} -> x{}", before->replicas, after.replicas));
  if (before->weight != after.weight) changes.push_back(fmt::format("weight {} -> {}", before->weight, after.weight));
  rest.model = after.model;
  rest.version = after.version;
  rest.replicas = after.replicas;
  rest.weight = after.weight;
  if (before->is_loaded != after.is_loaded) changes.push_back(after.is_loaded ? "loaded" : "unloaded");
  rest.is_loaded = after.is_loaded;
  if (!(rest == after)) changes.push_back("settings");
  return fmt::format("{}", fmt::join(changes, ", "));
}

AuditEntry token_created(AuditAct by, const TokenRecord& token) {
  by.object = "Token " + token_name(token.id);
  std::string change = fmt::format(
      "lets in {} until {}", token.uses_max == 0 ? "any number of nodes" : fmt::format("{} nodes", token.uses_max),
      to_iso8601(wall_time_from_unix_microseconds(token.expires_unix_us)));
  return {std::move(by), AuditOutcome::done, {}, std::move(change)};
}

std::string summary_of(const protocol::ApiKey& key) {
  std::string text = key.models.empty() ? "all models" : fmt::format("models {}", fmt::join(key.models, " "));
  text += key.rate > 0 ? fmt::format(", {}/s", key.rate) : ", any rate";
  if (key.may_load) text += ", may load and unload";
  if (key.concurrent > 0) text += fmt::format(", {} at once", key.concurrent);
  text += key.expires_unix_us == 0 ? ", for ever"
                                   : ", until " + to_iso8601(wall_time_from_unix_microseconds(key.expires_unix_us));
  return text;
}

}  // namespace troupe::cluster
