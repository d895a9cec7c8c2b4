#include "gpu/tokenizer/chat_template.hpp"

#include <algorithm>

#include "gpu/tokenizer/template_evaluator.hpp"
#include "gpu/tokenizer/template_json.hpp"
#include "gpu/tokenizer/template_lexer.hpp"
#include "gpu/tokenizer/template_parser.hpp"

namespace troupe::gpu {
namespace {

using jinja::Budget;
using jinja::Value;

constexpr std::string_view no_parameters = R"({"type": "object", "properties": {}})";

/// A JSON object. `what` begins the message.
Result<Value> parse_object(std::string_view json, std::string_view field, std::string_view what, Budget& budget) {
  auto value = jinja::parse_json(json, budget);
  if (!value) return fail_field(std::string(field), "{}: {}", what, value.error().message);
  if (value->mapping() != nullptr) return value;
  return fail_field(std::string(field), "{}: must be a JSON object, found {}", what, value->kind());
}

Result<Value> to_value(const Tool& tool, Budget& budget) {
  Value::Object function{{"name", Value(tool.name)}};
  if (!tool.description.empty()) function.emplace_back("description", Value(tool.description));
  const std::string_view schema = tool.parameters.empty() ? no_parameters : tool.parameters;
  TROUPE_TRY(Value parameters,
             parse_object(schema, "tools", fmt::format("the parameters of tool {}", tool.name), budget));
  function.emplace_back("parameters", std::move(parameters));
  if (tool.strict) function.emplace_back("strict", Value(*tool.strict));
  TROUPE_TRY(Value object, jinja::make_object(std::move(function), budget));
  return jinja::make_object({{"type", Value(std::string("function"))}, {"function", std::move(object)}}, budget);
}

Result<Value> to_value(const ToolCall& call, Budget& budget) {
  const std::string_view json = call.arguments.empty() ? std::string_view("{}") : call.arguments;
  TROUPE_TRY(Value arguments,
             parse_object(json, "messages", fmt::format("the arguments of a call of {}", call.name), budget));
  TROUPE_TRY(Value function,
             jinja::make_object({{"name", Value(call.name)}, {"arguments", std::move(arguments)}}, budget));
  Value::Object fields;
  if (!call.id.empty()) fields.emplace_back("id", Value(call.id));
  fields.emplace_back("type", Value(std::string("function")));
  fields.emplace_back("function", std::move(function));
  return jinja::make_object(std::move(fields), budget);
}

Result<Value> to_value(const ChatMessage& message, Budget& budget) {
  Value::Object fields{{"role", Value(message.role)}, {"content", Value(message.content)}};
  if (!message.name.empty()) fields.emplace_back("name", Value(message.name));
  if (!message.tool_call_id.empty()) fields.emplace_back("tool_call_id", Value(message.tool_call_id));
  std::vector<Value> calls;
  for (const ToolCall& call : message.tool_calls) {
    TROUPE_TRY(Value value, to_value(call, budget));
    calls.push_back(std::move(value));
  }
  if (!calls.empty()) {
    TROUPE_TRY(Value list, jinja::make_list(std::move(calls), budget));
    fields.emplace_back("tool_calls", std::move(list));
  }
  return jinja::make_object(std::move(fields), budget);
}

template <class T>
Result<Value> to_list(const std::vector<T>& items, Budget& budget) {
  std::vector<Value> values;
  values.reserve(items.size());
  for (const T& item : items) {
    TROUPE_TRY(Value value, to_value(item, budget));
    values.push_back(std::move(value));
  }
  return jinja::make_list(std::move(values), budget);
}

}  // namespace

struct ChatTemplate::Tree {
  jinja::Body body;
  bool takes_tools;
};

Result<ChatTemplate> ChatTemplate::parse(std::string source) {
  if (source.size() > max_source_bytes) {
    return fail(Errc::too_large, "the chat template has {} bytes, at most {} are allowed", source.size(),
                max_source_bytes);
  }
  TROUPE_TRY(std::vector<jinja::Token> tokens, jinja::tokenize(source));
  const bool takes_tools = std::ranges::any_of(tokens, [](const jinja::Token& token) {
    return token.kind == jinja::Token::Kind::name && token.text == "tools";
  });
  TROUPE_TRY(jinja::Body body, jinja::parse(std::move(tokens)));
  return ChatTemplate(std::make_shared<const Tree>(Tree{std::move(body), takes_tools}));
}

bool ChatTemplate::takes_tools() const noexcept {
  return tree_->takes_tools;
}

Result<std::string> ChatTemplate::render(const ChatInput& input) const {
  Budget budget;
  TROUPE_TRY(Value messages, to_list(input.messages, budget));
  Value tools = Value::none();
  if (!input.tools.empty()) {
    TROUPE_TRY(tools, to_list(input.tools, budget));
  }
  jinja::Scope globals;
  globals.emplace("messages", std::move(messages));
  globals.emplace("add_generation_prompt", Value(input.add_generation_prompt));
  globals.emplace("bos_token", Value(input.bos_token));
  globals.emplace("eos_token", Value(input.eos_token));
  globals.emplace("tools", std::move(tools));
  globals.emplace("documents", Value::none());
  return jinja::evaluate(tree_->body, std::move(globals), input.now, budget, max_output_bytes);
}

}  // namespace troupe::gpu
