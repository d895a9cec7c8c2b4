#include "runtime/protocol/validate.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace troupe::protocol {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

size_t bytes_of(const PlainText& text) {
  return text.text.size();
}
size_t bytes_of(const TokenIds& tokens) {
  return tokens.ids.size() * sizeof(int32_t);
}
size_t bytes_of(const TextPair& pair) {
  return pair.first.size() + pair.second.size();
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

/// As other servers of OpenAI's API have it.
Status validate_tool_name(std::string_view field, std::string_view what, std::string_view name) {
  const auto is_allowed = [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; };
  if (!name.empty() && name.size() <= tool_name_bytes_max && std::ranges::all_of(name, is_allowed)) return {};
  return fail_field(std::string(field), "the name of {} must have 1 to {} letters, digits, '_' and '-'", what,
                    tool_name_bytes_max);
}

Result<size_t> validate_message(const ChatMessage& message, size_t index) {
  if (message.role.empty()) return fail_field("messages", "message {} has no role", index);
  const auto check = [&](std::string_view what, const std::string& text) {
    return validate_size("messages", fmt::format("the {} of message {}", what, index), text.size(), name_bytes_max);
  };
  TROUPE_CHECK(check("role", message.role));
  TROUPE_CHECK(check("name", message.name));
  TROUPE_CHECK(check("tool_call_id", message.tool_call_id));
  TROUPE_CHECK(validate_count("messages", "calls in a message", message.tool_calls.size(), tool_calls_max));
  size_t bytes = message.role.size() + message.content.size() + message.name.size() + message.tool_call_id.size();
  for (const ToolCall& call : message.tool_calls) {
    TROUPE_CHECK(check("call ids", call.id));
    TROUPE_CHECK(validate_size("messages", fmt::format("the name of a call in message {}", index), call.name.size(),
                               name_bytes_max));
    if (call.name.empty()) return fail_field("messages", "a call in message {} has no name", index);
    bytes += call.id.size() + call.name.size() + call.arguments.size();
  }
  return bytes;
}

Result<size_t> validate_tools(const Conversation& prompt) {
  TROUPE_CHECK(validate_count("tools", "tools", prompt.tools.size(), tools_max));
  std::set<std::string_view> names;
  size_t bytes = 0;
  for (const Tool& tool : prompt.tools) {
    TROUPE_CHECK(validate_tool_name("tools", "a tool", tool.name));
    if (!names.insert(tool.name).second) return fail_field("tools", "tool {} is given twice", tool.name);
    bytes += tool.name.size() + tool.description.size() + tool.parameters.size();
  }
  if (prompt.tool_choice > ToolChoice::named) {
    return fail_field("tool_choice", "{} is no choice of tools", static_cast<unsigned>(prompt.tool_choice));
  }
  if (prompt.tool_choice == ToolChoice::required && names.empty()) {
    return fail_field("tool_choice", "a call is required, but there are no tools");
  }
  if (prompt.tool_choice == ToolChoice::named && !names.contains(prompt.tool_name)) {
    return fail_field("tool_choice", "a call of \"{}\" is wanted, which is none of the tools",
                      prompt.tool_name.substr(0, tool_name_bytes_max));
  }
  return bytes;
}

Status validate_prompt(const Conversation& prompt) {
  if (prompt.messages.empty()) return fail_field("messages", "messages is empty, give at least one message");
  TROUPE_CHECK(validate_count("messages", "messages", prompt.messages.size(), messages_max));
  TROUPE_TRY(size_t bytes, validate_tools(prompt));
  for (size_t i = 0; i < prompt.messages.size(); ++i) {
    TROUPE_TRY(const size_t more, validate_message(prompt.messages[i], i));
    bytes += more;
  }
  return validate_size("messages", "the conversation", bytes, prompt_bytes_max);
}

Status validate_prompt(const PromptList& list) {
  if (list.prompts.empty()) return fail_field("prompt", "prompt is an empty list, give at least one prompt");
  size_t bytes = 0;
  for (const auto& prompt : list.prompts) {
    TROUPE_CHECK(std::visit([](const auto& one) { return validate_prompt(one); }, prompt));
    bytes += std::visit([](const auto& one) { return bytes_of(one); }, prompt);
  }
  return validate_size("prompt", "prompt", bytes, prompt_bytes_max);
}

size_t prompts_of(const Generate& generate) {
  const auto* list = std::get_if<PromptList>(&generate.prompt);
  return list == nullptr ? 1 : list->prompts.size();
}

/// Written so that NaN fails every comparison.
Status validate_range(std::string_view field, double value, double low, double high) {
  if (value >= low && value <= high) return {};
  return fail_field(std::string(field), "{} is {}, it must be in [{}, {}]", field, value, low, high);
}

Status validate_shares(const Sampling& sampling) {
  TROUPE_CHECK(validate_range("temperature", sampling.temperature, 0, 2));
  if (!(sampling.top_p > 0 && sampling.top_p <= 1)) {
    return fail_field("top_p", "top_p is {}, it must be in (0, 1]", sampling.top_p);
  }
  return validate_range("min_p", sampling.min_p, 0, 1);
}

Status validate_penalties(const Sampling& sampling) {
  TROUPE_CHECK(validate_range("frequency_penalty", sampling.frequency_penalty, -2, 2));
  TROUPE_CHECK(validate_range("presence_penalty", sampling.presence_penalty, -2, 2));
  if (sampling.repetition_penalty > 0 && sampling.repetition_penalty <= 10) return {};
  return fail_field("repetition_penalty", "repetition_penalty is {}, it must be in (0, 10]",
                    sampling.repetition_penalty);
}

Status validate_biases(const std::vector<LogitBias>& biases) {
  TROUPE_CHECK(validate_count("logit_bias", "biases", biases.size(), biases_max));
  std::set<int32_t> tokens;
  for (const LogitBias& bias : biases) {
    if (bias.token < 0) return fail_field("logit_bias", "token id {} is negative", bias.token);
    if (!tokens.insert(bias.token).second) return fail_field("logit_bias", "token {} is given twice", bias.token);
    TROUPE_CHECK(validate_range("logit_bias", bias.bias, -100, 100));
  }
  return {};
}

Status validate_ends(const Sampling& sampling) {
  if (sampling.min_tokens > sampling.max_tokens) {
    return fail_field("min_tokens", "min_tokens is {}, more than max_tokens, {}", sampling.min_tokens,
                      sampling.max_tokens);
  }
  TROUPE_CHECK(validate_count("stop", "stop strings", sampling.stop.size(), stops_max));
  for (const std::string& stop : sampling.stop) {
    if (stop.empty()) return fail_field("stop", "a stop string is empty, give at least one character");
    TROUPE_CHECK(validate_size("stop", "a stop string", stop.size(), stop_bytes_max));
  }
  TROUPE_CHECK(validate_count("stop_token_ids", "token ids", sampling.stop_token_ids.size(), stop_tokens_max));
  const auto negative = std::ranges::find_if(sampling.stop_token_ids, [](int32_t id) { return id < 0; });
  if (negative == sampling.stop_token_ids.end()) return {};
  return fail_field("stop_token_ids", "token id {} is negative", *negative);
}

Status validate_sampling(const Sampling& sampling) {
  TROUPE_CHECK(validate_shares(sampling));
  TROUPE_CHECK(validate_penalties(sampling));
  TROUPE_CHECK(validate_biases(sampling.logit_bias));
  return validate_ends(sampling);
}

Status validate_format(const FreeText&) {
  return {};
}

Status validate_format(const JsonObject&) {
  return {};
}

Status validate_format(const JsonSchema& format) {
  if (format.schema.empty()) return fail_field("response_format", "the schema is empty; {{}} allows any document");
  return validate_size("response_format", "the schema", format.schema.size(), format_bytes_max);
}

Status validate_format(const TextChoice& format) {
  constexpr std::string_view field = "structured_outputs";
  if (format.texts.empty()) return fail_field(std::string(field), "choice is empty, give at least one text");
  TROUPE_CHECK(validate_count(field, "choices", format.texts.size(), format_choices_max));
  size_t bytes = 0;
  for (const std::string& text : format.texts) {
    if (text.empty()) return fail_field(std::string(field), "a choice is empty, give at least one character");
    bytes += text.size();
  }
  return validate_size(field, "choice", bytes, format_bytes_max);
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
  TROUPE_CHECK(validate_sampling(generate.sampling));
  if (generate.sampling.max_tokens == 0 && !generate.echo) {
    return fail_field("max_tokens", "max_tokens is 0, it must be at least 1 unless the prompt is echoed");
  }
  if (generate.choices == 0 || generate.choices > choices_max) {
    return fail_field("n", "n is {}, it must be 1 to {}", generate.choices, choices_max);
  }
  if (const size_t prompts = prompts_of(generate); prompts > answers_max / generate.choices) {
    return fail_field("prompt", "{} prompts with {} answers each are wanted, at most {} answers are given", prompts,
                      generate.choices, answers_max);
  }
  if (generate.top_logprobs.value_or(0) > top_logprobs_max) {
    return fail_field("top_logprobs", "top_logprobs is {}, at most {} are allowed", *generate.top_logprobs,
                      top_logprobs_max);
  }
  return std::visit([](const auto& format) { return validate_format(format); }, generate.answer_format);
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

Status validate(const Embed& embed) {
  if (embed.inputs.empty()) return fail_field("input", "input is empty, give at least one text");
  TROUPE_CHECK(validate_count("input", "inputs", embed.inputs.size(), embed_inputs_max));
  size_t bytes = 0;
  for (size_t i = 0; i < embed.inputs.size(); ++i) {
    const size_t size = std::visit([](const auto& input) { return bytes_of(input); }, embed.inputs[i]);
    if (size == 0) return fail_field("input", "input {} is empty, give at least one character", i);
    bytes += size;
  }
  TROUPE_CHECK(validate_size("input", "input", bytes, embed_bytes_max));
  if (embed.dimensions > 0 && embed.task != EmbedTask::vectors) {
    return fail_field("dimensions", "dimensions is for vectors; scores have one for each label");
  }
  return {};
}

/// A text may be empty: it has its special tokens still.
Status validate(const Tokenize& tokenize) {
  if (const auto* text = std::get_if<PlainText>(&tokenize.input)) {
    return validate_size("prompt", "prompt", text->text.size(), prompt_bytes_max);
  }
  if (const auto* ids = std::get_if<TokenIds>(&tokenize.input)) {
    return ids->ids.empty() ? Status{} : validate_prompt(*ids);
  }
  return validate_prompt(std::get<Conversation>(tokenize.input));
}

Status validate(const ServeRequest& request) {
  TROUPE_CHECK(validate_size("request_id", "request_id", request.request_id.size(), name_bytes_max));
  TROUPE_CHECK(validate_name("model", request.model));
  if (!request.version.empty()) TROUPE_CHECK(validate_name("version", request.version));
  TROUPE_CHECK(validate_size("user", "user", request.unit.size(), unit_bytes_max));
  TROUPE_CHECK(validate_size("session", "session", request.session.size(), unit_bytes_max));
  TROUPE_CHECK(validate_size("key", "key", request.key.size(), name_bytes_max));
  if (request.features.size() > features_max)
    return fail_field("features", "a request may have {} features, found {}", features_max, request.features.size());
  for (const auto& [name, value] : request.features) {
    TROUPE_CHECK(validate_size("features", "the name of a feature", name.size(), unit_bytes_max));
    TROUPE_CHECK(validate_size("features", name, value.size(), unit_bytes_max));
  }
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
