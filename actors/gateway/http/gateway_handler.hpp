#pragma once
// The gateway's HTTP routes, as a handler for an http::HttpServer.
//
//   OpenAI's:          POST /v1/completions, /v1/chat/completions    GET /v1/models, /v1/models/{id}
//   Open Inference:    /v2…, see open_inference_routes.hpp
//   TensorFlow's:      POST /v1/models/{model}:predict, …, see tf_serving_routes.hpp
//   WebSocket:         GET /v1/ws, see websocket_door.hpp
//   health:            GET /health, /livez (it runs), /ready, /readyz (it can serve now)
//
// With a KeyRing all but /health, /livez, /ready, /readyz, /v2 and /v2/health want a key where keys are required, as
// `Authorization: Bearer KEY` or `x-api-key: KEY`; lists of models show those that the key may use.
//
// Headers in: x-request-id, x-request-timeout-ms, x-unit-id (else the body's `user`, else the request id is the unit),
// idempotency-key, traceparent.
// Headers out: x-request-id always; server-timing and, for a traceparent, traceresponse; x-ratelimit-… where the key
// has a rate; x-troupe-version, x-troupe-cache with answers of models, idempotency-replayed with those that were kept.

#include "actors/gateway/http/front_end.hpp"
#include "runtime/http/message.hpp"

namespace troupe::gateway {

/// For HttpServer::listen, with gateway_error_body (error_answer.hpp) as its ErrorBody.
http::Handler make_gateway_handler(HttpFrontEnd front_end);

}  // namespace troupe::gateway
