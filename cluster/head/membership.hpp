#pragma once
// Membership: which nodes there are. A pure state machine: messages and ticks in, changes out; `now` is an argument and
// must not go backwards.

#include <map>
#include <optional>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::cluster {

struct MembershipOptions {
  Duration heartbeat_interval = std::chrono::milliseconds{500};
  Duration suspect_after = std::chrono::milliseconds{1500};  ///< Without a heartbeat; shown, nothing else.
  Duration down_after = std::chrono::seconds{3};             ///< Its replicas are placed elsewhere.
  Duration forget_after = std::chrono::minutes{10};          ///< A node that is gone stays listed so long.
};

enum class NodeState : uint8_t { alive, suspect, down, left };
std::string_view to_string(NodeState state) noexcept;

struct Member {
  protocol::NodeInfo info;
  NodeState state = NodeState::alive;
  Time last_seen{};
  Time changed{};                    ///< When `state` was last set.
  Incarnation first;                 ///< The one in which it came, since when it has not been forgotten.
  uint64_t assignment_revision = 0;  ///< Newest the node has said it took.
  uint64_t routing_revision = 0;
  bool draining = false;  ///< It is about to stop.
  std::vector<protocol::ReplicaStatus> replicas;
  std::vector<protocol::ActorHealth> actors;

  bool is_member() const noexcept { return state == NodeState::alive || state == NodeState::suspect; }
};

class Membership {
 public:
  /// `self`, the head's own node, is never suspect or down.
  explicit Membership(MembershipOptions options, NodeId self = {}) : options_(options), self_(self) {}

  /// A node joins, or joins again under a new incarnation or a new head. failed_precondition where it is an older
  /// incarnation than the one known, or another living node has the same name.
  Status join(const protocol::NodeInfo& node, Time now);
  /// Whether that life of the node has ended for all others: it was declared down or has left. `has_joined`: it has
  /// been let in here, so that one that is not known (any more) was.
  bool is_over(NodeId node, Incarnation incarnation, bool has_joined) const;
  /// False where the sender is not a member in this incarnation: it must join (again).
  bool heartbeat(const protocol::Heartbeat& heartbeat, Time now);
  /// The node stops in order.
  void leave(NodeId node, Incarnation incarnation, Time now);
  /// Nodes that went down just now. Call it at least once a heartbeat interval: what is longer between two calls is no
  /// silence of the nodes, for the head itself stood still and could not hear them.
  std::vector<NodeId> tick(Time now);

  const Member* find(NodeId node) const;
  const std::map<NodeId, Member>& members() const noexcept { return members_; }
  const MembershipOptions& options() const noexcept { return options_; }

 private:
  MembershipOptions options_;
  NodeId self_;
  std::optional<Time> last_tick_;
  std::map<NodeId, Member> members_;
};

}  // namespace troupe::cluster
