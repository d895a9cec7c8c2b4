#pragma once
// What an answer must be, as OpenAI's and vLLM's clients say it. Only for .cpp files: includes simdjson.

#include "actors/gateway/http/json_reader.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

/// OpenAI's `response_format`: {"type": "text" | "json_object" | "json_schema", "json_schema": {"name", "schema",
/// "strict", "description"}}. A schema is always kept, strict or not. Errors: invalid_argument, or unimplemented for
/// another type.
Result<protocol::AnswerFormat> read_response_format(json::Element value);

/// vLLM's `structured_outputs`: {"json": schema}, {"json_object": true} or {"choice": [texts]}. Errors:
/// invalid_argument, or unimplemented for regex, grammar and structural_tag.
Result<protocol::AnswerFormat> read_structured_outputs(json::Element value);

}  // namespace troupe::gateway
