#pragma once
// The Open Inference Protocol's generate extension: one text for a prompt, whole or as a stream. Pure; no HTTP.
//
// https://github.com/kserve/open-inference-protocol, specification/protocol/generate_rest.yaml;
// https://github.com/triton-inference-server/server, docs/protocol/extension_generate.md

#include <string>
#include <string_view>

#include "actors/gateway/http/json.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

struct TextInferenceRequest {
  protocol::Generate generate;  ///< `stream` as the path says.
  std::string id;               ///< The client's, echoed; may be empty.
};

/// {"text_input":…,"parameters":{…},"id":…}. `stream`: the answer is asked for as one. Refuses what it does not know.
Result<TextInferenceRequest> parse_text_inference_request(std::string_view json, bool stream, JsonParser& parser);

/// {"model_name":…,"model_version":…,"id":…,"text_output":…}; with the last piece of a text also "finish_reason".
std::string format_text_inference_answer(const protocol::TextPart& text, std::string_view model,
                                         std::string_view version, std::string_view id);

}  // namespace troupe::gateway
