#pragma once
// Outcomes as clients send them: JSON to events. Pure; no HTTP.

#include <string_view>
#include <vector>

#include "actors/gateway/http/json.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/random.hpp"
#include "runtime/protocol/events.hpp"

namespace troupe::gateway {

/// {"events": [EVENT, …]} of 1 to 10,000, or one EVENT alone:
///   unit   of whom it was measured: the user, session, key or request that requests were made under
///   name   what was measured: a measure of an experiment, such as "conversion"
///   value  a number, 1 where it is left out
///   id     at most 128 bytes: an event that is sent twice under one id counts once
///   time   Unix seconds, fractions too; now where it is left out. Not in the future, at most 90 days ago
///   kind   "user", "session", "key" or "request": what the unit is; "user" where it is left out
/// Errors: invalid_argument; `field` names what is wrong, such as events[3].value. What values may be is the same at
/// every door (reported_outcomes.hpp).
Result<std::vector<protocol::Event>> parse_events_request(std::string_view body, WallTime now, Random& random,
                                                          JsonParser& parser);

}  // namespace troupe::gateway
