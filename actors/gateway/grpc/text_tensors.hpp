#pragma once
// Generated text over ModelInfer and ModelStreamInfer, in the tensors that Triton's back ends for language models take:
// the generate extension of the Open Inference Protocol, said with tensors. Pure; no gRPC.
//
// https://github.com/triton-inference-server/vllm_backend, README, "Sending Your First Inference"

#include "actors/gateway/grpc/infer_message.hpp"
#include "actors/gateway/http/json.hpp"
#include "actors/gateway/http/text_inference.hpp"
#include "runtime/protocol/model_interface.hpp"

namespace troupe::gateway {

/// Whether a text is asked for: one of the inputs is `text_input`, and the model is not `known` to take that as a
/// tensor, or not to generate. nullptr: nothing is known of it.
bool asks_for_text(const protocol::Infer& infer, const protocol::ModelInterface* known);

/// `text_input` (BYTES, one element) is the prompt. What /generate takes as parameters may stand in inputs of one
/// element, in the request's parameters, and in a JSON object in the input `sampling_parameters`; numbers may be
/// written as text there. `stream` (BOOL) says whether pieces are wanted: by default those of a stream are, and only
/// they may be. `exclude_input_in_output` false puts the prompt first. Refuses what it does not know, by name.
Result<protocol::Generate> read_text_request(const InferMessage& message, bool is_stream, JsonParser& parser);

/// `text_output`, BYTES of one element.
protocol::Tensor text_tensor(std::string_view text);

/// "stop" or "length"; empty while it goes on.
std::string_view finish_name(protocol::FinishReason reason);

}  // namespace troupe::gateway
