#pragma once
// Is a request within the ranges that serving.hpp states? Every door asks before it lets a request in.

#include <cstddef>

#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::protocol {

inline constexpr size_t name_bytes_max = 128;  ///< Models, versions, tensors, request ids.
inline constexpr size_t unit_bytes_max = 256;  ///< Also of a feature's name, and of its value.
inline constexpr size_t features_max = 64;
inline constexpr size_t prompt_bytes_max = 4 << 20;  ///< A whole prompt or conversation.
inline constexpr size_t prompt_tokens_max = 1 << 20;
inline constexpr size_t messages_max = 4096;  ///< In a conversation.
inline constexpr size_t tools_max = 128;
inline constexpr size_t tool_name_bytes_max = 64;
inline constexpr size_t tool_calls_max = 128;  ///< In a message.
inline constexpr size_t stops_max = 4;
inline constexpr size_t stop_bytes_max = 1024;
inline constexpr size_t stop_tokens_max = 64;
inline constexpr size_t biases_max = 1024;
inline constexpr uint32_t choices_max = 16;
inline constexpr size_t answers_max = 128;  ///< Choices to all prompts of a request.
inline constexpr uint32_t top_logprobs_max = 20;
inline constexpr size_t format_bytes_max = 64 << 10;  ///< A schema, or all choices.
inline constexpr size_t format_choices_max = 1024;
inline constexpr size_t embed_inputs_max = 2048;     ///< Texts, or pairs of them.
inline constexpr size_t embed_bytes_max = 16 << 20;  ///< Of all of them.
inline constexpr size_t tensors_max = 64;            ///< Inputs or outputs of one request.
inline constexpr size_t parameters_max = 64;
inline constexpr size_t parameter_bytes_max = 4096;

/// invalid_argument; `field` has the name that clients know it by: those of Sampling's members, "n", "top_logprobs",
/// "prompt", "messages", "tools", "tool_choice", "response_format", "structured_outputs". What is wrong in a schema,
/// the model's engine says.
Status validate(const Generate& generate);

/// `field`: "inputs", "outputs", "parameters".
Status validate(const Infer& infer);

/// `field`: "input", "dimensions".
Status validate(const Embed& embed);

/// `field`: "prompt", "messages", "tools", "tool_choice".
Status validate(const Tokenize& tokenize);

/// Names and sizes, then the work. `field` besides the above: "model", "version", "user", "request_id".
Status validate(const ServeRequest& request);

/// Letters, digits, '.', '_' and '-', the first a letter or digit; at most name_bytes_max. `field` is for the Error.
Status validate_name(std::string_view field, std::string_view name);

}  // namespace troupe::protocol
