#include "actors/gateway/http/token_api.hpp"

#include <limits>

#include "actors/gateway/http/openai_fields.hpp"
#include "actors/gateway/http/openai_tools.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

using json::Array;
using json::Element;
using json::Object;

void append_string(std::string& out, std::string_view text) {
  observe::append_json_string(out, text, std::numeric_limits<size_t>::max());
}

Status take_tokenize(std::string_view key, Element value, TokenApiRequest& request, protocol::Tokenize& work,
                     protocol::Conversation& conversation) {
  if (key == "prompt") {
    TROUPE_TRY(const std::string_view text, json::as_string(value, key));
    work.input = protocol::PlainText{std::string(text)};
  } else if (key == "messages") {
    TROUPE_TRY(conversation.messages, read_messages(value));
  } else if (key == "tools") {
    TROUPE_TRY(conversation.tools, read_tools(value));
  } else if (key == "add_special_tokens") {
    TROUPE_TRY(work.add_special_tokens, json::as_bool(value, key));
  } else if (key == "return_token_strs") {
    TROUPE_TRY(request.with_strings, json::as_bool(value, key));
  } else {
    return json::unknown_key(key, "",
                             {"model", "prompt", "messages", "tools", "add_special_tokens", "return_token_strs"});
  }
  return {};
}

Status take_detokenize(std::string_view key, Element value, protocol::Tokenize& work) {
  if (key != "tokens") return json::unknown_key(key, "", {"model", "tokens"});
  TROUPE_TRY(const Array list, json::as_array(value, key));
  protocol::TokenIds tokens;
  for (const Element element : list) {
    TROUPE_TRY(const int64_t id, json::as_integer(element, key, 0, std::numeric_limits<int32_t>::max()));
    tokens.ids.push_back(static_cast<int32_t>(id));
  }
  work.input = std::move(tokens);
  return {};
}

}  // namespace

Result<TokenApiRequest> parse_token_request(TokenApi api, std::string_view body, JsonParser& parser) {
  TROUPE_TRY(const Object object, json::parse_object(parser, body));
  TokenApiRequest request;
  request.api = api;
  protocol::Tokenize work;
  protocol::Conversation conversation;
  const bool is_tokenize = api == TokenApi::tokenize;
  bool has_input = false;
  TROUPE_CHECK(json::for_each_field(object, "", [&](std::string_view key, Element value) -> Status {
    if (key == "model") {
      TROUPE_CHECK(read_model(value, request.serve));
      return {};
    }
    const bool is_input = key == "prompt" || key == "messages" || key == "tokens";
    if (is_input && has_input) return fail_field(std::string(key), "give prompt or messages, not both");
    has_input |= is_input;
    return is_tokenize ? take_tokenize(key, value, request, work, conversation) : take_detokenize(key, value, work);
  }));
  if (request.serve.model.empty()) return fail_field("model", "model is missing: it names the model to ask");
  if (!has_input) {
    return is_tokenize ? fail_field("prompt", "prompt is missing: the text to tokenize, or messages")
                       : fail_field("tokens", "tokens is missing: a list of token ids");
  }
  if (!conversation.tools.empty() && conversation.messages.empty()) {
    return fail_field("tools", "tools belong to messages; a prompt has none");
  }
  if (!conversation.messages.empty()) work.input = std::move(conversation);
  request.serve.work = std::move(work);
  return request;
}

std::string format_token_answer(const TokenApiRequest& request, const protocol::TokenizeResult& result) {
  std::string out;
  if (request.api == TokenApi::detokenize) {
    out = R"({"prompt":)";
    append_string(out, result.text);
    return out + '}';
  }
  out = fmt::format(R"({{"count":{},"max_model_len":{},"tokens":[{}],"token_strs":)", result.ids.size(),
                    result.context_length, fmt::join(result.ids, ","));
  if (!request.with_strings) return out + "null}";
  for (size_t i = 0; i < result.tokens.size(); ++i) {
    out += i == 0 ? '[' : ',';
    append_string(out, result.tokens[i]);
  }
  return out + (result.tokens.empty() ? "[]}" : "]}");
}

}  // namespace troupe::gateway
