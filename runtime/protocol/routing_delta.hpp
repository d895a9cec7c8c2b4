#pragma once
// What changed between two routing snapshots, and a snapshot brought up to date by it. Pure.

#include "runtime/base/result.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::protocol {

/// Both of one epoch; models and nodes are told apart by name and id. O(models + nodes).
RoutingDelta difference(const RoutingSnapshot& from, const RoutingSnapshot& to);

/// failed_precondition where `delta` is not of `base`'s epoch and revision: ask for the whole. Models come out in the
/// order of their names, nodes in that of their ids, as the head writes them.
Result<RoutingSnapshot> apply(const RoutingSnapshot& base, const RoutingDelta& delta);

}  // namespace troupe::protocol
