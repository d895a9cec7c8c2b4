#pragma once
// Placement: which replicas start where and which stop. Pure: a function of wishes, nodes and what runs.

#include <map>
#include <string>
#include <vector>

#include "runtime/protocol/cluster.hpp"

namespace troupe::cluster {

/// So many replicas of a deployment.
struct Wish {
  std::string deployment;
  uint32_t replicas = 0;
  protocol::Resources each;
};

/// A node that takes replicas.
struct Host {
  NodeId node;
  std::string name;
  protocol::Resources total;
};

/// A replica that is placed, whatever its state: one that gave up keeps its place, so that its reason stays to be seen.
struct Placed {
  ReplicaId id;
  std::string deployment;
  NodeId node;
  protocol::Resources takes;
  bool ready = false;
  bool stopping = false;  ///< Told to stop; still takes its resources.
  bool leaving = false;   ///< Its node is about to stop.
  bool outdated = false;  ///< Its deployment has other settings now.
};

struct Plan {
  struct Start {
    std::string deployment;
    NodeId node;
  };
  std::vector<Start> starts;
  std::vector<ReplicaId> stops;
  /// Why a deployment has fewer replicas than wished, in words with numbers: "1 of 3 replicas has no place: …".
  std::map<std::string, std::string> unplaced;
};

/// Puts each new replica on the node that is least filled after it (its fullest resource counts), so that load spreads;
/// ties go to the node with fewer replicas of the same deployment, then to the lower id. Outdated replicas
/// and those on nodes that are about to stop (these are not among `hosts`) stop as ready ones of the newest settings
/// replace them; where nothing else fits, one of the old makes room. Excess replicas stop, those not ready first.
/// Replicas never move by themselves. O(replicas × nodes).
Plan plan_placement(const std::vector<Wish>& wishes, const std::vector<Host>& hosts, const std::vector<Placed>& placed);

}  // namespace troupe::cluster
