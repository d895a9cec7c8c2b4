#include "runtime/protocol/cluster.hpp"

namespace troupe::protocol {

std::string_view to_string(ReplicaState state) noexcept {
  switch (state) {
    case ReplicaState::pending:
      return "pending";
    case ReplicaState::loading:
      return "loading";
    case ReplicaState::warming:
      return "warming";
    case ReplicaState::ready:
      return "ready";
    case ReplicaState::draining:
      return "draining";
    case ReplicaState::stopped:
      return "stopped";
    case ReplicaState::fetching:
      return "fetching";
    case ReplicaState::backing_off:
      return "backing_off";
    case ReplicaState::failed:
      return "failed";
  }
  return "unknown";
}

std::string_view to_string(ActorKind kind) noexcept {
  switch (kind) {
    case ActorKind::actor:
      return "actor";
    case ActorKind::supervisor:
      return "supervisor";
    case ActorKind::back_end:
      return "back_end";
  }
  return "unknown";
}

}  // namespace troupe::protocol
