#include "gpu/tokenizer/chat_template.hpp"

#include "gpu/tokenizer/template_evaluator.hpp"
#include "gpu/tokenizer/template_lexer.hpp"
#include "gpu/tokenizer/template_parser.hpp"

namespace troupe::gpu {

struct ChatTemplate::Tree {
  jinja::Body body;
};

Result<ChatTemplate> ChatTemplate::parse(std::string source) {
  if (source.size() > max_source_bytes) {
    return fail(Errc::too_large, "the chat template has {} bytes, at most {} are allowed", source.size(),
                max_source_bytes);
  }
  TROUPE_TRY(std::vector<jinja::Token> tokens, jinja::tokenize(source));
  TROUPE_TRY(jinja::Body body, jinja::parse(std::move(tokens)));
  return ChatTemplate(std::make_shared<const Tree>(Tree{std::move(body)}));
}

Result<std::string> ChatTemplate::render(const ChatInput& input) const {
  using jinja::Value;
  std::vector<Value> messages;
  messages.reserve(input.messages.size());
  for (const ChatMessage& message : input.messages) {
    messages.push_back(Value::object({{"role", Value(message.role)}, {"content", Value(message.content)}}));
  }
  jinja::Budget budget;
  TROUPE_TRY(Value list, jinja::make_list(std::move(messages), budget));
  jinja::Scope globals;
  globals.emplace("messages", std::move(list));
  globals.emplace("add_generation_prompt", Value(input.add_generation_prompt));
  globals.emplace("bos_token", Value(input.bos_token));
  globals.emplace("eos_token", Value(input.eos_token));
  globals.emplace("tools", Value::none());
  globals.emplace("documents", Value::none());
  return jinja::evaluate(tree_->body, std::move(globals), budget, max_output_bytes);
}

}  // namespace troupe::gpu
