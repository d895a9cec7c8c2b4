#pragma once
// HttpFrontEnd: what the HTTP door stands on.

#include <memory>
#include <string>

#include "actors/gateway/door.hpp"
#include "actors/gateway/gateway_metrics.hpp"
#include "actors/gateway/key_ring.hpp"
#include "actors/gateway/routing_table.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/http/cors.hpp"

namespace troupe::gateway {

struct HttpFrontEnd {
  Door door;
  std::shared_ptr<const RoutingBoard> routing;
  std::shared_ptr<DispatchIds> ids;
  std::shared_ptr<KeyRing> keys;                  ///< None: everybody may ask.
  std::shared_ptr<const GatewayMetrics> metrics;  ///< For statistics; none: there are none.
  http::CorsPolicy cors;                          ///< As the server's: pages of which origins may open a WebSocket.
  const Clock* clock = nullptr;                   ///< Must outlive the server.
  unsigned io_threads = 2;                        ///< The server's HttpOptions::io_threads.
  uint64_t seed = 0;                              ///< Of request ids: a random number.
  std::string software = "unknown";               ///< Troupe's version, shown at /v2.
};

}  // namespace troupe::gateway
