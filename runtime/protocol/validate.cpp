#include "runtime/protocol/validate.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace troupe::protocol {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// At most as many bytes; the text itself is not quoted, it may be long.
Status validate_size(std::string_view field, std::string_view what, size_t found, size_t max) {
  if (found <= max) return {};
  return fail_field(std::string(field), "{} has {} bytes, at most {} are allowed", what, found, max);
}

Status validate_count(std::string_view field, std::string_view what, size_t found, size_t max) {
  if (found <= max) return {};
  return fail_field(std::string(field), "{} {} are given, at most {} are allowed", found, what, max);
}

Status validate_prompt(const PlainText& prompt) {
  if (prompt.text.empty()) return fail_field("prompt", "prompt is empty, give at least one character");
  return validate_size("prompt", "prompt", prompt.text.size(), prompt_bytes_max);
}

Status validate_prompt(const TokenIds& prompt) {
  if (prompt.ids.empty()) return fail_field("prompt", "prompt is empty, give at least one token id");
  TROUPE_CHECK(validate_count("prompt", "token ids", prompt.ids.size(), prompt_tokens_max));
  const auto negative = std::ranges::find_if(prompt.ids, [](int32_t id) { return id < 0; });
  if (negative != prompt.ids.end()) {
    return fail_field("prompt", "token id {} at {} is negative", *negative, negative - prompt.ids.begin());
  }
  return {};
}

Status validate_prompt(const Conversation& prompt) {
  if (prompt.messages.empty()) return fail_field("messages", "messages is empty, give at least one message");
  TROUPE_CHECK(validate_count("messages", "messages", prompt.messages.size(), messages_max));
  size_t bytes = 0;
  for (size_t i = 0; i < prompt.messages.size(); ++i) {
    const ChatMessage& message = prompt.messages[i];
    if (message.role.empty()) return fail_field("messages", "message {} has no role", i);
    TROUPE_CHECK(
        validate_size("messages", fmt::format("the role of message {}", i), message.role.size(), name_bytes_max));
    bytes += message.role.size() + message.content.size();
  }
  return validate_size("messages", "the conversation", bytes, prompt_bytes_max);
}

Status validate_sampling(const Sampling& sampling) {
  // Written so that NaN fails every comparison.
  if (!(sampling.temperature >= 0 && sampling.temperature <= 2)) {
    return fail_field("temperature", "temperature is {}, it must be in [0, 2]", sampling.temperature);
  }
  if (!(sampling.top_p > 0 && sampling.top_p <= 1)) {
    return fail_field("top_p", "top_p is {}, it must be in (0, 1]", sampling.top_p);
  }
  if (sampling.max_tokens == 0) return fail_field("max_tokens", "max_tokens is 0, it must be at least 1");
  TROUPE_CHECK(validate_count("stop", "stop strings", sampling.stop.size(), stops_max));
  for (const std::string& stop : sampling.stop) {
    if (stop.empty()) return fail_field("stop", "a stop string is empty, give at least one character");
    TROUPE_CHECK(validate_size("stop", "a stop string", stop.size(), stop_bytes_max));
  }
  return {};
}

Status validate_inputs(const std::vector<Tensor>& inputs) {
  if (inputs.empty()) return fail_field("inputs", "inputs is empty, give at least one tensor");
  TROUPE_CHECK(validate_count("inputs", "tensors", inputs.size(), tensors_max));
  std::set<std::string_view> names;
  for (const Tensor& input : inputs) {
    if (input.name.empty()) return fail_field("inputs", "a tensor has no name");
    TROUPE_CHECK(validate_size("inputs", "the name of a tensor", input.name.size(), name_bytes_max));
    if (!names.insert(input.name).second) return fail_field("inputs", "tensor {} is given twice", input.name);
    if (Status status = validate(input); !status) return fail_field("inputs", "{}", status.error().message);
  }
  return {};
}

}  // namespace

Status validate(const Generate& generate) {
  TROUPE_CHECK(std::visit([](const auto& prompt) { return validate_prompt(prompt); }, generate.prompt));
  return validate_sampling(generate.sampling);
}

Status validate(const Infer& infer) {
  TROUPE_CHECK(validate_inputs(infer.inputs));
  TROUPE_CHECK(validate_count("outputs", "names", infer.outputs.size(), tensors_max));
  for (const std::string& name : infer.outputs) {
    if (name.empty()) return fail_field("outputs", "the name of an output is empty");
    TROUPE_CHECK(validate_size("outputs", "the name of an output", name.size(), name_bytes_max));
  }
  TROUPE_CHECK(validate_count("parameters", "parameters", infer.parameters.size(), parameters_max));
  for (const auto& [name, value] : infer.parameters) {
    TROUPE_CHECK(validate_size("parameters", "the name of a parameter", name.size(), name_bytes_max));
    TROUPE_CHECK(validate_size("parameters", fmt::format("parameter {}", name), value.size(), parameter_bytes_max));
  }
  return {};
}

Status validate(const ServeRequest& request) {
  TROUPE_CHECK(validate_size("request_id", "request_id", request.request_id.size(), name_bytes_max));
  TROUPE_CHECK(validate_name("model", request.model));
  if (!request.version.empty()) TROUPE_CHECK(validate_name("version", request.version));
  TROUPE_CHECK(validate_size("user", "user", request.unit.size(), unit_bytes_max));
  return std::visit([](const auto& work) { return validate(work); }, request.work);
}

Status validate_name(std::string_view field, std::string_view name) {
  if (name.empty()) return fail_field(std::string(field), "{} is empty", field);
  TROUPE_CHECK(validate_size(field, field, name.size(), name_bytes_max));
  if (!is_alphanumeric(name.front())) {
    return fail_field(std::string(field), "{} must begin with a letter or digit", field);
  }
  const auto is_allowed = [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; };
  if (!std::ranges::all_of(name, is_allowed)) {
    return fail_field(std::string(field), "{} may have letters, digits, '.', '_' and '-' only", field);
  }
  return {};
}

}  // namespace troupe::protocol
