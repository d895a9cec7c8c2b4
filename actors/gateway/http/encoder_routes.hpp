#pragma once
// The paths of the encoders' and the tokenizers' APIs.

#include "actors/gateway/http/calls.hpp"

namespace troupe::gateway {

/// POST /v1/embeddings, /v1/score, /v1/rerank, /v1/classify, /v1/tokenize, /v1/detokenize, and the shorter paths that
/// clients of vLLM, Jina and Cohere know.
void add_encoder_routes(http::Routes& routes, const CallsPtr& calls);

}  // namespace troupe::gateway
