#pragma once
// What the rows of `troupe actors` say beyond what the actor host knows. Pure.

#include <vector>

#include "runtime/protocol/cluster.hpp"

namespace troupe::cluster {

/// A replica whose back end was given up does not run, although its actors do: its supervisor's row says so, with the
/// reason.
void show_failed_replicas(std::vector<protocol::ActorHealth>& rows,
                          const std::vector<protocol::ReplicaStatus>& replicas);

}  // namespace troupe::cluster
