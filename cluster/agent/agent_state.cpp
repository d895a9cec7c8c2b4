#include "cluster/agent/agent_state.hpp"

#include <algorithm>

namespace troupe::cluster {

using protocol::ReplicaState;

void AgentState::joined(Epoch epoch) {
  epoch_ = epoch;
  revision_ = 0;
}

std::vector<AgentAction> AgentState::assign(const protocol::Assignment& assignment, Time now) {
  if (has_left_ || assignment.epoch != epoch_ || assignment.revision <= revision_) return {};
  revision_ = assignment.revision;
  std::vector<AgentAction> actions;
  for (auto& [id, replica] : replicas_) {
    const bool wanted = std::any_of(assignment.replicas.begin(), assignment.replicas.end(),
                                    [&](const protocol::ReplicaSpec& spec) { return spec.id == id; });
    if (wanted || replica.drain_until) continue;
    replica.drain_until = now + drain_patience_;
    actions.push_back(DrainReplica{id});
  }
  if (is_stopping_) return actions;
  for (const protocol::ReplicaSpec& spec : assignment.replicas) {
    const auto [entry, is_new] = replicas_.try_emplace(spec.id);
    if (!is_new) continue;
    Replica& replica = entry->second;
    replica.spec = spec;
    replica.status.id = spec.id;
    replica.status.deployment = spec.deployment;
    replica.status.model = spec.model;
    replica.status.version = spec.version;
    actions.push_back(StartReplica{spec});
  }
  return actions;
}

std::vector<AgentAction> AgentState::replica_changed(const protocol::ReplicaStatus& status) {
  const auto found = replicas_.find(status.id);
  if (found == replicas_.end()) return {};
  found->second.status = status;
  if (status.state != ReplicaState::stopped || found->second.ending) return {};
  found->second.ending = true;
  return {EndReplica{status.id}};
}

std::vector<AgentAction> AgentState::tick(Time now) {
  std::vector<AgentAction> actions;
  for (auto& [id, replica] : replicas_) {
    if (!replica.drain_until || now < *replica.drain_until || replica.ending) continue;
    replica.ending = true;
    actions.push_back(EndReplica{id});
  }
  return actions;
}

std::vector<AgentAction> AgentState::drain_all(Time now) {
  is_stopping_ = true;
  std::vector<AgentAction> actions;
  for (auto& [id, replica] : replicas_) {
    if (replica.drain_until) continue;
    replica.drain_until = now + drain_patience_;
    actions.push_back(DrainReplica{id});
  }
  return actions;
}

void AgentState::ended(ReplicaId id) {
  replicas_.erase(id);
}

std::vector<protocol::ReplicaStatus> AgentState::statuses() const {
  std::vector<protocol::ReplicaStatus> statuses;
  for (const auto& [id, replica] : replicas_) statuses.push_back(replica.status);
  return statuses;
}

std::vector<protocol::ReplicaSpec> AgentState::running() const {
  std::vector<protocol::ReplicaSpec> specs;
  for (const auto& [id, replica] : replicas_)
    if (!replica.drain_until) specs.push_back(replica.spec);
  return specs;
}

}  // namespace troupe::cluster
