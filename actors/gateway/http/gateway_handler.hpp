#pragma once
// The gateway's HTTP routes: OpenAI's and the Open Inference Protocol's, as a handler for an http::HttpServer.
//
//   POST /v1/completions, /v1/chat/completions        GET /v1/models, /v1/models/{id}
//   POST /v2/models/{model}[/versions/{version}]/infer
//   GET  /v2, /v2/health/live, /v2/health/ready, /v2/models/{model}[/versions/{version}][/ready]
//   GET  /health, /livez (it runs), /ready, /readyz (it can serve now)
//
// With a KeyRing all but /health, /livez, /ready, /readyz and /v2/health want a key where keys are required, as
// `Authorization: Bearer KEY` or `x-api-key: KEY`; lists of models show those that the key may use.
//
// Headers in: x-request-id, x-request-timeout-ms, x-unit-id (else the body's `user`, else the request id is the unit),
// idempotency-key.
// Headers out: x-request-id always; x-troupe-version, x-troupe-cache with answers of models, idempotency-replayed with
// those that were kept.

#include <memory>
#include <string>

#include "actors/gateway/door.hpp"
#include "actors/gateway/key_ring.hpp"
#include "actors/gateway/routing_table.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/http/message.hpp"

namespace troupe::gateway {

struct HttpFrontEnd {
  Door door;
  std::shared_ptr<const RoutingBoard> routing;
  std::shared_ptr<DispatchIds> ids;
  std::shared_ptr<KeyRing> keys;     ///< None: everybody may ask.
  const Clock* clock = nullptr;      ///< Must outlive the server.
  unsigned io_threads = 2;           ///< The server's HttpOptions::io_threads.
  uint64_t seed = 0;                 ///< Of request ids: a random number.
  std::string software = "unknown";  ///< Troupe's version, shown at /v2.
};

/// For HttpServer::listen, with gateway_error_body (error_answer.hpp) as its ErrorBody.
http::Handler make_gateway_handler(HttpFrontEnd front_end);

}  // namespace troupe::gateway
