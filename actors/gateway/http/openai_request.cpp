#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "actors/gateway/http/answer_format.hpp"
#include "actors/gateway/http/openai.hpp"
#include "actors/gateway/http/openai_fields.hpp"
#include "actors/gateway/http/openai_tools.hpp"
#include "runtime/protocol/validate.hpp"

namespace troupe::gateway {
namespace {

using json::Array;
using json::Element;
using json::Object;

constexpr int64_t tokens_most = std::numeric_limits<int32_t>::max();
constexpr size_t stops_max = 4;

/// Reads one body. Each member takes one parameter.
class RequestReader {
 public:
  explicit RequestReader(OpenAiKind kind) : kind_(kind) {}

  Status take(std::string_view key, Element value);
  Result<OpenAiRequest> finish();

 private:
  using Take = Status (RequestReader::*)(Element);
  struct Parameter {
    std::string_view name;
    Take take;
  };
  /// Of OpenAI's, not ours: let through where `is_default` says so. null always is.
  struct Foreign {
    std::string_view name;
    bool (*is_default)(Element);
    std::string_view instead = "leave it out";
  };

  static const std::array<Parameter, 31> parameters;
  static const std::array<Foreign, 22> foreign;
  static bool belongs(std::string_view name, OpenAiKind kind);
  std::vector<std::string> known() const;

  Status model(Element value);
  Status prompt(Element value);
  Status prompt_list(Array list);
  static Result<protocol::TokenIds> token_ids(Array list, std::string_view field);
  Status messages(Element value);
  Status max_tokens(Element value);
  Status max_completion_tokens(Element value);
  Status temperature(Element value);
  Status top_p(Element value);
  Status top_k(Element value);
  Status seed(Element value);
  Status stop(Element value);
  Status stream(Element value);
  Status stream_options(Element value);
  Status n(Element value);
  Status best_of(Element value);
  Status echo(Element value);
  Status logprobs(Element value);
  Status top_logprobs(Element value);
  Status min_p(Element value);
  Status frequency_penalty(Element value);
  Status presence_penalty(Element value);
  Status repetition_penalty(Element value);
  Status logit_bias(Element value);
  Status min_tokens(Element value);
  Status stop_token_ids(Element value);
  Status ignore_eos(Element value);
  Status response_format(Element value);
  Status structured_outputs(Element value);
  Status user(Element value);
  Status set_format(protocol::AnswerFormat format, std::string_view field);
  Status tools(Element value);
  Status tool_choice(Element value);
  Status parallel_tool_calls(Element value);
  Status put_conversation();
  Status check_logprobs() const;

  OpenAiKind kind_;
  OpenAiRequest request_;
  protocol::Generate generate_;
  protocol::Conversation conversation_;  ///< Of a chat.
  bool has_prompt_ = false;
  bool has_stream_options_ = false;
  bool wants_logprobs_ = false;           ///< Of a chat: a boolean, with the number apart.
  std::optional<uint32_t> top_logprobs_;  ///< Of a chat.
  uint32_t best_of_ = 0;                  ///< 0 = not given.
  std::optional<uint32_t> max_tokens_;
};

bool is_false(Element value) {
  return value.is_bool() && !bool{value};
}
bool is_empty(Element value) {
  if (value.is_object()) return Object(value).size() == 0;
  if (value.is_array()) return Array(value).size() == 0;
  return value.is_string() && std::string_view(value).empty();
}
bool is_never(Element) {
  return false;
}
bool is_none_or_auto(Element value) {
  return value.is_string() && (std::string_view(value) == "none" || std::string_view(value) == "auto");
}
bool is_auto_or_default(Element value) {
  return value.is_string() && (std::string_view(value) == "auto" || std::string_view(value) == "default");
}
bool is_text_modality(Element value) {
  std::string_view type;
  return value.is_array() && Array(value).size() == 1 && !Array(value).at(0).get(type) && type == "text";
}

const std::array<RequestReader::Parameter, 31> RequestReader::parameters{{
    {"model", &RequestReader::model},
    {"prompt", &RequestReader::prompt},
    {"messages", &RequestReader::messages},
    {"max_tokens", &RequestReader::max_tokens},
    {"max_completion_tokens", &RequestReader::max_completion_tokens},
    {"temperature", &RequestReader::temperature},
    {"top_p", &RequestReader::top_p},
    {"top_k", &RequestReader::top_k},
    {"seed", &RequestReader::seed},
    {"stop", &RequestReader::stop},
    {"stream", &RequestReader::stream},
    {"stream_options", &RequestReader::stream_options},
    {"n", &RequestReader::n},
    {"best_of", &RequestReader::best_of},
    {"echo", &RequestReader::echo},
    {"logprobs", &RequestReader::logprobs},
    {"top_logprobs", &RequestReader::top_logprobs},
    {"min_p", &RequestReader::min_p},
    {"frequency_penalty", &RequestReader::frequency_penalty},
    {"presence_penalty", &RequestReader::presence_penalty},
    {"repetition_penalty", &RequestReader::repetition_penalty},
    {"logit_bias", &RequestReader::logit_bias},
    {"min_tokens", &RequestReader::min_tokens},
    {"stop_token_ids", &RequestReader::stop_token_ids},
    {"ignore_eos", &RequestReader::ignore_eos},
    {"response_format", &RequestReader::response_format},
    {"structured_outputs", &RequestReader::structured_outputs},
    {"user", &RequestReader::user},
    {"tools", &RequestReader::tools},
    {"tool_choice", &RequestReader::tool_choice},
    {"parallel_tool_calls", &RequestReader::parallel_tool_calls},
}};

const std::array<RequestReader::Foreign, 22> RequestReader::foreign{{
    {"audio", is_never},
    {"function_call", is_none_or_auto},
    {"functions", is_empty},
    {"guided_choice", is_never, "use structured_outputs.choice"},
    {"guided_decoding_backend", is_never},
    {"guided_grammar", is_never, "use response_format with a JSON Schema"},
    {"guided_json", is_never, "use response_format or structured_outputs.json"},
    {"guided_regex", is_never, "use response_format with a JSON Schema"},
    {"metadata", is_empty},
    {"modalities", is_text_modality},
    {"moderation", is_never},
    {"prediction", is_never},
    {"prompt_cache_key", is_never},
    {"prompt_cache_retention", is_never},
    {"reasoning_effort", is_never},
    {"safety_identifier", is_never},
    {"service_tier", is_auto_or_default},
    {"store", is_false},
    {"suffix", is_empty},
    {"use_beam_search", is_false},
    {"verbosity", is_never},
    {"web_search_options", is_never},
}};

bool RequestReader::belongs(std::string_view name, OpenAiKind kind) {
  if (name == "prompt" || name == "echo" || name == "best_of") return kind == OpenAiKind::completion;
  static constexpr std::array<std::string_view, 6> of_chats{"messages", "max_completion_tokens", "top_logprobs",
                                                            "tools",    "tool_choice",           "parallel_tool_calls"};
  return kind == OpenAiKind::chat || std::ranges::find(of_chats, name) == of_chats.end();
}

std::vector<std::string> RequestReader::known() const {
  std::vector<std::string> names;
  for (const Parameter& parameter : parameters) {
    if (belongs(parameter.name, kind_)) names.emplace_back(parameter.name);
  }
  return names;
}

Status RequestReader::take(std::string_view key, Element value) {
  const auto mine = std::ranges::find(parameters, key, &Parameter::name);
  if (mine != parameters.end()) {
    const bool is_required = key == "model" || key == "prompt" || key == "messages";
    if (value.is_null() && !is_required) return {};
    if (!belongs(key, kind_)) {
      return fail_field(std::string(key), "{} belongs to {}", key,
                        kind_ == OpenAiKind::chat
                            ? "/v1/completions; a chat takes messages"
                            : "/v1/chat/completions; a completion takes prompt, max_tokens and logprobs as a number");
    }
    return (this->*mine->take)(value);
  }
  const auto theirs = std::ranges::find(foreign, key, &Foreign::name);
  if (theirs == foreign.end()) return json::unknown_key(key, "", known());
  if (value.is_null() || theirs->is_default(value)) return {};
  return json::unsupported(std::string(key),
                           fmt::format("is not supported here, found {}; {}", json::describe(value), theirs->instead));
}

Result<OpenAiRequest> RequestReader::finish() {
  const bool is_chat = kind_ == OpenAiKind::chat;
  if (request_.model.empty()) return fail_field("model", "model is missing: it names the model to ask, e.g. clerk");
  if (!has_prompt_) {
    return is_chat ? fail_field("messages", "messages is missing: a list of {{\"role\", \"content\"}} objects")
                   : fail_field("prompt", "prompt is missing: the text to complete");
  }
  if (has_stream_options_ && !generate_.stream) {
    return fail_field("stream_options", "stream_options is only for streams: set stream to true");
  }
  TROUPE_CHECK(check_logprobs());
  if (is_chat) TROUPE_CHECK(put_conversation());
  if (best_of_ != 0 && best_of_ != generate_.choices) {
    return json::unsupported("best_of", fmt::format("must be n = {} or absent, found {}", generate_.choices, best_of_));
  }
  generate_.sampling.max_tokens = max_tokens_.value_or(is_chat ? chat_tokens_default : completion_tokens_default);
  if (is_chat && wants_logprobs_) generate_.top_logprobs = top_logprobs_.value_or(0);
  request_.serve.work = std::move(generate_);
  return std::move(request_);
}

Status RequestReader::model(Element value) {
  TROUPE_TRY(request_.model, read_model(value, request_.serve));
  return {};
}

Status RequestReader::prompt(Element value) {
  has_prompt_ = true;
  if (value.is_array()) return prompt_list(Array(value));
  std::string_view text;
  if (value.get(text)) {
    return fail_field("prompt", "prompt must be a string, a list of token ids or a list of either, found {}",
                      json::describe(value));
  }
  generate_.prompt = protocol::PlainText{std::string(text)};
  return {};
}

Status RequestReader::prompt_list(Array list) {
  const size_t size = list.size();
  if (size == 0) return fail_field("prompt", "prompt must not be an empty list");
  const Element first = list.at(0);
  if (first.is_int64() || first.is_uint64()) {
    TROUPE_TRY(generate_.prompt, token_ids(list, "prompt"));
    return {};
  }
  if (!first.is_string() && !first.is_array()) {
    return fail_field("prompt", "prompt[0] must be a string, a token id or a list of token ids, found {}",
                      json::describe(first));
  }
  protocol::PromptList prompts;
  for (const Element element : list) {
    const std::string field = fmt::format("prompt[{}]", prompts.prompts.size());
    std::string_view text;
    if (element.is_array()) {
      TROUPE_TRY(protocol::TokenIds tokens, token_ids(Array(element), field));
      prompts.prompts.emplace_back(std::move(tokens));
    } else if (!element.get(text)) {
      prompts.prompts.emplace_back(protocol::PlainText{std::string(text)});
    } else {
      return fail_field("prompt", "{} must be a string or a list of token ids, found {}", field,
                        json::describe(element));
    }
  }
  // Models that answer one prompt at a time take a list of one.
  if (size > 1) {
    generate_.prompt = std::move(prompts);
  } else {
    std::visit([this](auto& only) { generate_.prompt = std::move(only); }, prompts.prompts[0]);
  }
  return {};
}

Result<protocol::TokenIds> RequestReader::token_ids(Array list, std::string_view field) {
  protocol::TokenIds tokens;
  tokens.ids.reserve(list.size());
  for (const Element element : list) {
    int64_t id = -1;
    if (element.get(id) || id < 0 || id > std::numeric_limits<int32_t>::max()) {
      return fail_field("prompt", "{}[{}] must be a token id (an integer from 0), found {}", field, tokens.ids.size(),
                        json::describe(element));
    }
    tokens.ids.push_back(static_cast<int32_t>(id));
  }
  if (tokens.ids.empty()) return fail_field("prompt", "{} must not be an empty list", field);
  return tokens;
}

Status RequestReader::messages(Element value) {
  has_prompt_ = true;
  TROUPE_TRY(conversation_.messages, read_messages(value));
  return {};
}

Status RequestReader::max_tokens(Element value) {
  const int64_t least = kind_ == OpenAiKind::completion ? 0 : 1;  // 0: a prompt is scored only.
  TROUPE_TRY(const int64_t tokens, json::as_integer(value, "max_tokens", least, tokens_most));
  // The newer name wins where both stand there.
  if (!max_tokens_) max_tokens_ = static_cast<uint32_t>(tokens);
  return {};
}

Status RequestReader::max_completion_tokens(Element value) {
  TROUPE_TRY(const int64_t tokens, json::as_integer(value, "max_completion_tokens", 1, tokens_most));
  max_tokens_ = static_cast<uint32_t>(tokens);
  return {};
}

Status RequestReader::temperature(Element value) {
  constexpr std::string_view wanted = "a number from 0 to 2";
  TROUPE_TRY(const double number, json::as_number(value, "temperature", wanted));
  if (number < 0 || number > 2) return fail_field("temperature", "temperature must be {}, found {}", wanted, number);
  generate_.sampling.temperature = number;
  return {};
}

Status RequestReader::top_p(Element value) {
  constexpr std::string_view wanted = "a number above 0 and up to 1";
  TROUPE_TRY(const double number, json::as_number(value, "top_p", wanted));
  if (number <= 0 || number > 1) return fail_field("top_p", "top_p must be {}, found {}", wanted, number);
  generate_.sampling.top_p = number;
  return {};
}

Status RequestReader::top_k(Element value) {
  int64_t all = 0;
  if (!value.get(all) && all == -1) return {};  // vLLM's word for "off".
  TROUPE_TRY(const int64_t number, json::as_integer(value, "top_k", 0, tokens_most));
  generate_.sampling.top_k = static_cast<uint32_t>(number);
  return {};
}

Status RequestReader::seed(Element value) {
  int64_t number = 0;
  uint64_t large = 0;
  if (!value.get(number)) {
    generate_.sampling.seed = static_cast<uint64_t>(number);
  } else if (!value.get(large)) {
    generate_.sampling.seed = large;
  } else {
    return fail_field("seed", "seed must be an integer of 64 bits, found {}", json::describe(value));
  }
  return {};
}

Status RequestReader::stop(Element value) {
  std::vector<Element> stops;
  if (value.is_array()) {
    const Array list(value);
    if (list.size() > stops_max) {
      return fail_field("stop", "stop may list {} strings, found {}", stops_max, list.size());
    }
    stops.assign(list.begin(), list.end());
  } else {
    stops.push_back(value);
  }
  for (const Element element : stops) {
    std::string_view text;
    if (element.get(text)) {
      return fail_field("stop", "stop must be a string or a list of strings, found {}", json::describe(element));
    }
    if (text.empty()) return fail_field("stop", "stop must not hold an empty string");
    generate_.sampling.stop.emplace_back(text);
  }
  return {};
}

Status RequestReader::stream(Element value) {
  TROUPE_TRY(generate_.stream, json::as_bool(value, "stream"));
  return {};
}

Status RequestReader::stream_options(Element value) {
  has_stream_options_ = true;
  TROUPE_TRY(const Object options, json::as_object(value, "stream_options"));
  return json::for_each_field(options, "stream_options.", [this](std::string_view key, Element field) -> Status {
    if (key == "include_usage") {
      TROUPE_TRY(request_.include_usage, json::as_bool(field, "stream_options.include_usage"));
      return {};
    }
    if (key == "include_obfuscation" && is_false(field)) return {};
    if (key == "include_obfuscation") {
      return json::unsupported("stream_options.include_obfuscation", "is not supported here; leave it out");
    }
    return json::unknown_key(key, "stream_options.", {"include_usage"});
  });
}

Status RequestReader::n(Element value) {
  TROUPE_TRY(const int64_t count, json::as_integer(value, "n", 1, protocol::choices_max));
  generate_.choices = static_cast<uint32_t>(count);
  return {};
}

Status RequestReader::best_of(Element value) {
  TROUPE_TRY(const int64_t count, json::as_integer(value, "best_of", 1, protocol::choices_max));
  best_of_ = static_cast<uint32_t>(count);
  return {};
}

Status RequestReader::echo(Element value) {
  TROUPE_TRY(generate_.echo, json::as_bool(value, "echo"));
  return {};
}

/// A number with completions, a boolean with chats.
Status RequestReader::logprobs(Element value) {
  if (kind_ == OpenAiKind::chat) {
    TROUPE_TRY(wants_logprobs_, json::as_bool(value, "logprobs"));
    return {};
  }
  if (is_false(value)) return {};
  TROUPE_TRY(const int64_t count, json::as_integer(value, "logprobs", 0, protocol::top_logprobs_max));
  generate_.top_logprobs = static_cast<uint32_t>(count);
  return {};
}

Status RequestReader::top_logprobs(Element value) {
  TROUPE_TRY(const int64_t count, json::as_integer(value, "top_logprobs", 0, protocol::top_logprobs_max));
  top_logprobs_ = static_cast<uint32_t>(count);
  return {};
}

Status RequestReader::check_logprobs() const {
  if (top_logprobs_.value_or(0) > 0 && !wants_logprobs_) {
    return fail_field("top_logprobs", "top_logprobs needs logprobs: true beside it");
  }
  return {};
}

Status RequestReader::min_p(Element value) {
  TROUPE_TRY(generate_.sampling.min_p, json::as_number(value, "min_p", "a number from 0 to 1"));
  return {};
}

Status RequestReader::frequency_penalty(Element value) {
  TROUPE_TRY(generate_.sampling.frequency_penalty,
             json::as_number(value, "frequency_penalty", "a number from -2 to 2"));
  return {};
}

Status RequestReader::presence_penalty(Element value) {
  TROUPE_TRY(generate_.sampling.presence_penalty, json::as_number(value, "presence_penalty", "a number from -2 to 2"));
  return {};
}

Status RequestReader::repetition_penalty(Element value) {
  TROUPE_TRY(generate_.sampling.repetition_penalty,
             json::as_number(value, "repetition_penalty", "a number above 0 and up to 10"));
  return {};
}

/// By token id, which JSON wants as a string.
Status RequestReader::logit_bias(Element value) {
  TROUPE_TRY(const Object biases, json::as_object(value, "logit_bias"));
  for (const auto [key, bias] : biases) {
    int32_t token = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token);
    if (error != std::errc{} || end != key.data() + key.size() || token < 0) {
      return fail_field("logit_bias", "logit_bias has the key \"{}\", it must be a token id", key.substr(0, 40));
    }
    TROUPE_TRY(const double number, json::as_number(bias, "logit_bias", "a number from -100 to 100"));
    generate_.sampling.logit_bias.push_back({token, number});
  }
  return {};
}

Status RequestReader::min_tokens(Element value) {
  TROUPE_TRY(const int64_t tokens, json::as_integer(value, "min_tokens", 0, tokens_most));
  generate_.sampling.min_tokens = static_cast<uint32_t>(tokens);
  return {};
}

Status RequestReader::stop_token_ids(Element value) {
  TROUPE_TRY(const Array list, json::as_array(value, "stop_token_ids"));
  for (const Element element : list) {
    TROUPE_TRY(const int64_t id, json::as_integer(element, "stop_token_ids", 0, tokens_most));
    generate_.sampling.stop_token_ids.push_back(static_cast<int32_t>(id));
  }
  return {};
}

Status RequestReader::ignore_eos(Element value) {
  TROUPE_TRY(generate_.sampling.ignore_eos, json::as_bool(value, "ignore_eos"));
  return {};
}

Status RequestReader::response_format(Element value) {
  TROUPE_TRY(protocol::AnswerFormat format, read_response_format(value));
  return set_format(std::move(format), "response_format");
}

Status RequestReader::structured_outputs(Element value) {
  TROUPE_TRY(protocol::AnswerFormat format, read_structured_outputs(value));
  return set_format(std::move(format), "structured_outputs");
}

Status RequestReader::set_format(protocol::AnswerFormat format, std::string_view field) {
  if (std::holds_alternative<protocol::FreeText>(format)) return {};
  if (!std::holds_alternative<protocol::FreeText>(generate_.answer_format)) {
    return fail_field(std::string(field), "response_format and structured_outputs exclude each other");
  }
  generate_.answer_format = std::move(format);
  return {};
}

Status RequestReader::user(Element value) {
  return read_user(value, request_.serve);
}

Status RequestReader::tools(Element value) {
  TROUPE_TRY(conversation_.tools, read_tools(value));
  return {};
}

Status RequestReader::tool_choice(Element value) {
  return read_tool_choice(value, conversation_);
}

Status RequestReader::parallel_tool_calls(Element value) {
  TROUPE_TRY(conversation_.parallel_tool_calls, json::as_bool(value, "parallel_tool_calls"));
  return {};
}

/// A choice among no tools changes nothing, unless a call must be made.
Status RequestReader::put_conversation() {
  using protocol::ToolChoice;
  if (conversation_.tools.empty()) {
    if (conversation_.tool_choice >= ToolChoice::required) {
      return fail_field("tool_choice", "tool_choice wants a call, but there are no tools to choose from");
    }
    conversation_.tool_choice = ToolChoice::automatic;
    conversation_.parallel_tool_calls = true;
  }
  generate_.prompt = std::move(conversation_);
  return {};
}

}  // namespace

Result<OpenAiRequest> parse_openai_request(OpenAiKind kind, std::string_view body, JsonParser& parser) {
  TROUPE_TRY(const Object object, json::parse_object(parser, body));
  RequestReader reader(kind);
  TROUPE_CHECK(json::for_each_field(
      object, "", [&reader](std::string_view key, Element value) { return reader.take(key, value); }));
  return reader.finish();
}

}  // namespace troupe::gateway
