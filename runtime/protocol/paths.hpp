#pragma once
// The paths of the actors that others address by name.

#include <string>
#include <string_view>

#include "runtime/base/ids.hpp"

namespace troupe::protocol {

inline constexpr std::string_view head_path = "head";
inline constexpr std::string_view agent_path = "agent";
inline constexpr std::string_view logs_path = "logs";        ///< Of a node, for the head.
inline constexpr std::string_view keys_path = "keys";        ///< Likewise, of every node but the head.
inline constexpr std::string_view models_path = "models";    ///< Of a node that has files of models, for others.
inline constexpr std::string_view fetcher_path = "fetcher";  ///< Of a worker: gets those that it has not.
inline constexpr std::string_view gateway_path = "gateway";
inline constexpr std::string_view idempotency_path = "idempotency";

/// Supervisors of a node's planes.
inline constexpr std::string_view control_plane_path = "plane/control";
inline constexpr std::string_view gateway_plane_path = "plane/gateway";
inline constexpr std::string_view worker_plane_path = "plane/worker";

/// The supervisor of a model's replicas on a node, and that of one replica.
inline std::string model_path(std::string_view model) {
  return "model/" + std::string(model);
}
inline std::string replica_path(ReplicaId replica) {
  return "replica/" + replica.str();
}
/// A replica's batcher, which takes its requests: "replica/00000000000000a1/batcher".
inline std::string batcher_path(ReplicaId replica) {
  return replica_path(replica) + "/batcher";
}
/// The worker behind it, and what it calls its back end.
inline std::string worker_path(ReplicaId replica) {
  return replica_path(replica) + "/worker";
}
inline std::string back_end_path(ReplicaId replica) {
  return worker_path(replica) + "/back-end";
}
inline std::string balancer_path(std::string_view model) {
  return "balancer/" + std::string(model);
}

}  // namespace troupe::protocol
