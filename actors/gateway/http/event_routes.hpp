#pragma once
// POST /v1/events: outcomes that clients measured, for experiments. Answered once they are safe against a loss of
// power.

#include "actors/gateway/http/calls.hpp"

namespace troupe::gateway {

void add_event_routes(http::Routes& routes, const CallsPtr& calls);

}  // namespace troupe::gateway
