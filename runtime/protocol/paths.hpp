#pragma once
// The paths of the actors that others address by name.

#include <string>
#include <string_view>

#include "runtime/base/ids.hpp"

namespace troupe::protocol {

inline constexpr std::string_view head_path = "head";
inline constexpr std::string_view agent_path = "agent";
inline constexpr std::string_view gateway_path = "gateway";

/// A replica's batcher, which takes its requests: "replica/00000000000000a1".
inline std::string replica_path(ReplicaId replica) {
  return "replica/" + replica.str();
}
/// The worker behind it.
inline std::string worker_path(ReplicaId replica) {
  return replica_path(replica) + "/worker";
}
inline std::string balancer_path(std::string_view model) {
  return "balancer/" + std::string(model);
}

}  // namespace troupe::protocol
