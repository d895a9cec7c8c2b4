#include "gpu/engine/prompt_encoder.hpp"

namespace troupe::gpu {
namespace {

Result<ChatTemplate> read_template(const std::optional<std::string>& source) {
  if (source) return ChatTemplate::parse(*source);
  return fail(Errc::failed_precondition, "this model has no chat template; send a text prompt instead of messages");
}

const char* field_of(const Prompt& prompt) {
  return std::holds_alternative<Chat>(prompt) ? "messages" : "prompt";
}

}  // namespace

Result<PromptEncoder> PromptEncoder::open(const ModelFolder& folder, uint32_t context_length) {
  TROUPE_TRY(Tokenizer tokenizer, Tokenizer::from_file(folder.tokenizer_file()));
  const std::optional<std::string>& tool_source =
      folder.tool_template() ? folder.tool_template() : folder.chat_template();
  const auto format = find_tool_call_format(tool_source.value_or(""), tokenizer);
  PromptEncoder encoder(std::move(tokenizer), read_template(folder.chat_template()), read_template(tool_source));
  if (encoder.tool_template_ && encoder.tool_template_->takes_tools()) encoder.tool_call_format_ = format;
  encoder.bos_token_ = folder.bos_token();
  encoder.eos_token_ = folder.eos_token();
  encoder.vocab_size_ = folder.vocab_size();
  encoder.context_length_ = context_length;
  return encoder;
}

Result<std::vector<int32_t>> PromptEncoder::encode(const Prompt& prompt) const {
  const char* field = field_of(prompt);
  // Not left to the tokenizer: it would frame even an empty text with a token.
  const auto* text = std::get_if<std::string>(&prompt);
  auto ids = text != nullptr && text->empty() ? Result<std::vector<int32_t>>(std::vector<int32_t>{}) : tokenize(prompt);
  if (!ids) return ids;

  if (ids->empty()) return fail_field(field, "the prompt is empty; at least one token is needed");
  for (const int32_t id : *ids) {
    if (id < 0 || id >= vocab_size_) {
      return fail_field(field, "token {} is not in the vocabulary; ids are 0 to {}", id, vocab_size_ - 1);
    }
  }
  if (ids->size() >= context_length_) {
    return fail_field(field, "the prompt has {} tokens; the context of {} tokens takes at most {} and an answer",
                      ids->size(), context_length_, context_length_ - 1);
  }
  return ids;
}

Result<std::vector<int32_t>> PromptEncoder::tokenize(const Prompt& prompt, bool add_special_tokens) const {
  if (const auto* ids = std::get_if<std::vector<int32_t>>(&prompt)) return *ids;
  const auto* text = std::get_if<std::string>(&prompt);
  auto ids = text != nullptr ? tokenizer_.encode(*text, add_special_tokens) : to_ids(std::get<Chat>(prompt));
  if (!ids && ids.error().field.empty()) ids.error().field = field_of(prompt);
  return ids;
}

Result<std::vector<int32_t>> PromptEncoder::to_ids(const Chat& chat) const {
  if (chat.messages.empty()) return std::vector<int32_t>{};
  const Result<ChatTemplate>& chosen = chat.tools.empty() ? chat_template_ : tool_template_;
  if (!chosen) return fail(chosen.error());
  if (!chat.tools.empty()) TROUPE_CHECK(check_tools());
  TROUPE_TRY(const std::string text, chosen->render({.messages = chat.messages,
                                                     .add_generation_prompt = true,
                                                     .bos_token = bos_token_,
                                                     .eos_token = eos_token_,
                                                     .tools = chat.tools,
                                                     .now = chat.now}));
  // The template wrote the special tokens itself.
  return tokenizer_.encode(text, false);
}

/// Tools are not dropped in silence.
Status PromptEncoder::check_tools() const {
  if (tool_call_format_) return {};
  if (!tool_template_->takes_tools()) {
    return fail(Error{Errc::unimplemented, "this model's chat template takes no tools", "tools", {}});
  }
  return fail(Error{Errc::unimplemented,
                    fmt::format("how this model writes calls is not known here; known are {}", tool_call_formats()),
                    "tools",
                    {}});
}

}  // namespace troupe::gpu
