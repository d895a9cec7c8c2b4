#pragma once
// The Open Inference Protocol (KServe v2) with its extension for binary data: text and bytes <-> what runs inside.
// Pure; no HTTP.
//
// https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md;
// https://github.com/triton-inference-server/server, docs/protocol/extension_binary_data.md

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "actors/gateway/http/json.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

/// Which outputs a client wants as binary data.
struct BinaryOutputs {
  std::map<std::string, bool> named{};
  bool others = false;  ///< Those that are not `named`.

  bool wants(const std::string& output) const {
    const auto found = named.find(output);
    return found == named.end() ? others : found->second;
  }
};

struct OpenInferenceRequest {
  protocol::Infer infer;
  std::string id;  ///< The client's, echoed; may be empty.
  BinaryOutputs binary;
  std::optional<std::chrono::microseconds> timeout;  ///< From now; none: it named none.
};

/// Refuses what it does not know, by name. Errors about a tensor name it in message and `field`. `binary` is what
/// follows the JSON in the body; tensors with a `binary_data_size` share its memory.
Result<OpenInferenceRequest> parse_open_inference_request(std::string_view json, JsonParser& parser,
                                                          const Bytes& binary = {});

struct OpenInferenceBody {
  std::string bytes;
  std::optional<size_t> json_bytes{};  ///< Of a body with binary data: what stands before that.
};

/// {"model_name":…,"model_version":…,"id":…,"outputs":[…]}, then the binary data. Fails where JSON can't carry an
/// output that is not wanted as binary data.
Result<OpenInferenceBody> format_open_inference_answer(const protocol::InferResult& result, std::string_view model,
                                                       std::string_view version, std::string_view id,
                                                       const BinaryOutputs& binary = {});

}  // namespace troupe::gateway
