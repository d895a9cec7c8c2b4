#pragma once
// TensorFlow Serving's routes. `…` is /v1/models/{model}[/versions/{version}|/labels/{label}].
//
//   POST …:predict, …:classify, …:regress
//   GET  …/metadata, /v1/models/{model}/versions/{version}; GET /v1/models/{model} is OpenAI's page as well
//
// Errors of paths with a verb are {"error":…}, of the others OpenAI's object.

#include "actors/gateway/http/calls.hpp"

namespace troupe::gateway {

void add_tf_serving_routes(http::Routes& routes, const CallsPtr& calls);

}  // namespace troupe::gateway
