#include "cluster/agent/actor_rows.hpp"

#include <unordered_map>

#include "runtime/protocol/paths.hpp"

namespace troupe::cluster {

void show_failed_replicas(std::vector<protocol::ActorHealth>& rows,
                          const std::vector<protocol::ReplicaStatus>& replicas) {
  std::unordered_map<std::string, const std::string*> reasons;
  for (const protocol::ReplicaStatus& replica : replicas)
    if (replica.state == protocol::ReplicaState::failed)
      reasons.emplace(protocol::replica_path(replica.id), &replica.reason);
  for (protocol::ActorHealth& row : rows) {
    const auto failed = reasons.find(row.path);
    if (failed == reasons.end()) continue;
    row.state = to_string(protocol::ReplicaState::failed);
    row.last_error = *failed->second;
  }
}

}  // namespace troupe::cluster
