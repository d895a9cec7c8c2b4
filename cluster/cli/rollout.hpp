#pragma once
// How far a deployment is, from the admin API's view of it. Pure.

#include <nlohmann/json.hpp>
#include <string>

namespace troupe::cli {

struct Rollout {
  enum class State : uint8_t { ready, waiting, failed };

  State state = State::waiting;
  std::string summary;  ///< "2 of 3 replicas ready; 1 loading; 1 of 3 replicas has no place: …"
};

/// `deployments`: what GET /api/v1/deployments answers. A replica that gave up is a failure; waiting for a place is
/// not, as a node with room may still join.
Rollout rollout_of(const nlohmann::json& deployments, const std::string& name);

}  // namespace troupe::cli
