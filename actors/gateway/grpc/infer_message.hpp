#pragma once
// ModelInferRequest and ModelInferResponse, of the Open Inference Protocol over gRPC: bytes <-> what runs inside. Pure;
// no gRPC.
//
// https://github.com/kserve/open-inference-protocol, specification/protocol/inference_grpc.md;
// open_inference.proto beside this file has the messages.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/gateway/grpc/protobuf.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

struct InferMessage {
  std::string model;    ///< May be NAME@VERSION.
  std::string version;  ///< May be empty.
  std::string id;       ///< The client's, echoed; may be empty.
  protocol::Infer infer;
  std::optional<std::chrono::microseconds> timeout;  ///< From now; none: it named none.
};

/// Refuses what it does not know, by name; errors about a tensor name it in message and `field`. Tensors that come raw
/// share the memory of `message`.
Result<InferMessage> read_infer_message(const Bytes& message);

/// What a message that could not be read says of itself, as far as that can be read.
struct InferNames {
  std::string model;
  std::string id;
};
InferNames peek_names(const Bytes& message);

/// What an answer says of itself, beside its tensors.
struct InferHead {
  std::string_view model;
  std::string_view version;
  std::string_view id;
  std::optional<bool> is_final{};    ///< Of a stream's: `triton_final_response`.
  std::string_view finish_reason{};  ///< Of generated text; empty: none yet.
};

/// A ModelInferResponse. Long tensors are pieces that share the memory of `outputs`.
ProtoPieces write_infer_response(const InferHead& head, const std::vector<protocol::Tensor>& outputs);

/// `response` in a ModelStreamInferResponse.
ProtoPieces write_stream_response(ProtoPieces response);
/// A ModelStreamInferResponse about a request that failed.
ProtoPieces write_stream_error(const InferHead& head, std::string_view message);

}  // namespace troupe::gateway
