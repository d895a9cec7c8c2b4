#pragma once
// What front ends and the node agent tell the gateway actor. Local to a process. The gateway also takes the bus message
// protocol::RoutingSnapshot as an event.

#include "actors/balancer/messages.hpp"
#include "actors/gateway/idempotency/request_key.hpp"

namespace troupe::gateway {

/// One request from a front end: admit, route, answer into `sink`. `id` was drawn from the front end's DispatchIds.
struct Submit {
  balancer::DispatchId id;
  std::shared_ptr<const protocol::ServeRequest> request;
  std::optional<Time> deadline;
  std::shared_ptr<balancer::ResponseSink> sink;
  std::shared_ptr<const RequestKey> key{};  ///< Of a request that is to be answered once; empty: of none.
};

/// The client of `id` has gone.
struct Withdraw {
  balancer::DispatchId id;
};

/// Report not ready, and refuse new requests once they have become few (DrainOptions); those inside go on to their end.
struct Drain {};

/// Agent -> gateway: the head, asked at `asked`, has said that the weights of the routes here hold.
struct RenewLease {
  Time asked;
};

}  // namespace troupe::gateway
