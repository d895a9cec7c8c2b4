#pragma once
// Routing tables for the tests of this folder.

#include "actors/gateway/routing_table.hpp"

namespace troupe::gateway::testing {

inline protocol::Route route(std::string version, double weight, uint64_t replicas) {
  protocol::Route made;
  made.deployment = "clerk-" + version;
  made.version = std::move(version);
  made.weight = weight;
  for (uint64_t i = 1; i <= replicas; ++i) made.replicas.push_back({ReplicaId{i}, NodeId{7}});
  return made;
}

inline protocol::RoutingSnapshot snapshot(std::vector<protocol::Route> routes) {
  protocol::RoutingSnapshot made;
  made.epoch = Epoch{1};
  made.revision = 1;
  made.models.push_back({"clerk", std::move(routes), 1700000000});
  return made;
}

}  // namespace troupe::gateway::testing
