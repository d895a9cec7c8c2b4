#pragma once
// AgentState: what a node runs and what it shall run. A pure state machine: assignments and replica changes in, actions
// out.

#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "runtime/protocol/cluster.hpp"

namespace troupe::cluster {

struct StartReplica {
  protocol::ReplicaSpec spec;
};
/// Take nothing new and finish what is inside.
struct DrainReplica {
  ReplicaId id;
};
/// Nothing is left inside, or its drain took too long: end it.
struct EndReplica {
  ReplicaId id;
};
using AgentAction = std::variant<StartReplica, DrainReplica, EndReplica>;

/// `now` must not go backwards.
class AgentState {
 public:
  explicit AgentState(Duration drain_patience) : drain_patience_(drain_patience) {}

  /// The node is (again) a member under `epoch`: assignments of older epochs are refused from here on.
  void joined(Epoch epoch);
  /// Newest wish of the head; ignored if its epoch is not the joined one, its revision is not newer, or the node has
  /// left.
  std::vector<AgentAction> assign(const protocol::Assignment& assignment, Time now);
  std::vector<AgentAction> replica_changed(const protocol::ReplicaStatus& status);
  /// Ends drains that have taken too long.
  std::vector<AgentAction> tick(Time now);
  /// Drains everything and starts nothing any more: the node is about to stop.
  std::vector<AgentAction> drain_all(Time now);
  /// The node has said goodbye: whatever the head still says, nothing starts here any more.
  void leave() noexcept { has_left_ = true; }
  /// The replica's actors are gone.
  void ended(ReplicaId id);

  uint64_t assignment_revision() const noexcept { return revision_; }
  std::vector<protocol::ReplicaStatus> statuses() const;
  /// Of those that shall run: what a head that has restarted adopts.
  std::vector<protocol::ReplicaSpec> running() const;
  bool empty() const noexcept { return replicas_.empty(); }

 private:
  struct Replica {
    protocol::ReplicaSpec spec;
    protocol::ReplicaStatus status;
    std::optional<Time> drain_until;  ///< Set once it is told to drain.
    bool ending = false;
  };

  Duration drain_patience_;
  Epoch epoch_;
  uint64_t revision_ = 0;
  bool is_stopping_ = false;
  bool has_left_ = false;
  std::map<ReplicaId, Replica> replicas_;
};

}  // namespace troupe::cluster
