#pragma once
// The Open Inference Protocol's routes, with the extensions of it that tritonclient knows. `…` is
// /v2/models/{model}[/versions/{version}].
//
//   POST …/infer, …/generate, …/generate_stream
//   GET  /v2, /v2/health/live, /v2/health/ready, …, …/ready, …/config, …/stats, /v2/models/stats
//   POST /v2/repository/index
//
// What Troupe does not do is refused by name: loading by request, shared memory, trace and log settings.

#include "actors/gateway/http/calls.hpp"

namespace troupe::gateway {

void add_open_inference_routes(http::Routes& routes, const CallsPtr& calls);

}  // namespace troupe::gateway
