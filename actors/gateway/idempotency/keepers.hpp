#pragma once
// Which gateway keeps the answer to an idempotency key. Pure.
//
// Rendezvous hashing (Thaler and Ravishankar, 1998): each gateway has a weight for each key, and the one with the
// highest is its keeper; so one that comes takes keys over only for itself, and one that goes gives away only its own.

#include <string_view>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::gateway {

/// The key's keeper, then those that were it before others came, the latest first, as far back as answers are kept: one
/// of them may have the answer. Empty where there are no gateways. The same in every gateway that knows the same ones.
std::vector<NodeId> keepers_of(std::string_view name, const std::vector<protocol::RoutedGateway>& gateways,
                               WallTime now, Duration retention);

}  // namespace troupe::gateway
