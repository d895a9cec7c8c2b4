#include "cluster/head/membership.hpp"

namespace troupe::cluster {

std::string_view to_string(NodeState state) noexcept {
  switch (state) {
    case NodeState::alive:
      return "alive";
    case NodeState::suspect:
      return "suspect";
    case NodeState::down:
      return "down";
    case NodeState::left:
      return "left";
  }
  return "unknown";
}

Status Membership::join(const protocol::NodeInfo& node, Time now) {
  for (const auto& [id, member] : members_)
    if (id != node.id && member.is_member() && member.info.name == node.name)
      return fail(Errc::failed_precondition,
                  "a node named {} is in the cluster already; start this one with another --name", node.name);
  if (const auto known = members_.find(node.id);
      known != members_.end() && known->second.info.incarnation > node.incarnation)
    return fail(Errc::failed_precondition, "node {} has a newer incarnation in the cluster", node.name);
  Member member;
  member.info = node;
  member.last_seen = member.changed = now;
  const auto before = members_.find(node.id);
  member.first = before == members_.end() ? node.incarnation : before->second.first;
  members_[node.id] = std::move(member);
  return {};
}

bool Membership::is_over(NodeId node, Incarnation incarnation, bool has_joined) const {
  const Member* known = find(node);
  if (known == nullptr) return has_joined;
  return known->info.incarnation == incarnation && !known->is_member();
}

bool Membership::heartbeat(const protocol::Heartbeat& heartbeat, Time now) {
  const auto found = members_.find(heartbeat.node);
  if (found == members_.end()) return false;
  Member& member = found->second;
  if (!member.is_member() || member.info.incarnation != heartbeat.incarnation) return false;
  if (member.state == NodeState::suspect) {
    member.state = NodeState::alive;
    member.changed = now;
  }
  member.last_seen = now;
  member.assignment_revision = heartbeat.assignment_revision;
  member.routing_revision = heartbeat.routing_revision;
  member.draining = heartbeat.draining;
  member.replicas = heartbeat.replicas;
  if (!heartbeat.actors.empty()) member.actors = heartbeat.actors;
  return true;
}

void Membership::leave(NodeId node, Incarnation incarnation, Time now) {
  const auto found = members_.find(node);
  if (found == members_.end() || found->second.info.incarnation != incarnation) return;
  found->second.state = NodeState::left;
  found->second.changed = now;
  found->second.replicas.clear();
  found->second.actors.clear();
}

std::vector<NodeId> Membership::tick(Time now) {
  std::vector<NodeId> down;
  const Duration stood_still = now - last_tick_.value_or(now) - options_.heartbeat_interval;
  last_tick_ = now;
  for (auto& [id, member] : members_) {
    if (!member.is_member() || id == self_) continue;
    if (stood_still > Duration{0}) member.last_seen = std::min(now, member.last_seen + stood_still);
    const Duration silence = now - member.last_seen;
    if (silence >= options_.down_after) {
      member.state = NodeState::down;
      member.changed = now;
      member.replicas.clear();
      member.actors.clear();
      down.push_back(id);
    } else if (silence >= options_.suspect_after && member.state == NodeState::alive) {
      member.state = NodeState::suspect;
      member.changed = now;
    }
  }
  std::erase_if(members_, [&](const auto& entry) {
    return !entry.second.is_member() && now - entry.second.changed >= options_.forget_after;
  });
  return down;
}

const Member* Membership::find(NodeId node) const {
  const auto found = members_.find(node);
  return found == members_.end() ? nullptr : &found->second;
}

}  // namespace troupe::cluster
