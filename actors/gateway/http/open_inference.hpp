#pragma once
// The Open Inference Protocol (KServe v2) over JSON: text <-> what runs inside. Pure; no HTTP.

#include <string>
#include <string_view>

#include "actors/gateway/http/json.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

struct OpenInferenceRequest {
  protocol::Infer infer;
  std::string id;  ///< The client's, echoed; may be empty.
};

/// Refuses what it does not know, by name. Errors about a tensor name it in message and `field`.
Result<OpenInferenceRequest> parse_open_inference_request(std::string_view body, JsonParser& parser);

/// {"model_name":…,"model_version":…,"id":…,"outputs":[…]}. Fails where JSON can't carry an output.
Result<std::string> format_open_inference_answer(const protocol::InferResult& result, std::string_view model,
                                                 std::string_view version, std::string_view id);

}  // namespace troupe::gateway
