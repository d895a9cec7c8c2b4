#pragma once
// The gateway's WebSocket door: GET /v1/ws. Many requests at a time over one connection, each as a POST of the HTTP API
// would be; see websocket_frames.hpp.

#include "actors/gateway/http/calls.hpp"

namespace troupe::gateway {

/// Requests under way over one connection; more are answered 429.
inline constexpr size_t websocket_requests_max = 32;

/// `serve` answers what comes over a WebSocket as if it had come over HTTP.
///
/// Who shows a wrong API key, or is a page of another origin that may not ask (HttpFrontEnd::cors), is refused at once;
/// who shows none may do so in a frame.
void add_websocket_route(http::Routes& routes, const CallsPtr& calls, http::Handler serve);

}  // namespace troupe::gateway
