#include "gpu/engine/prompt_encoder.hpp"

namespace troupe::gpu {
namespace {

Result<ChatTemplate> read_template(const ModelFolder& folder) {
  if (folder.chat_template()) return ChatTemplate::parse(*folder.chat_template());
  return fail(Errc::failed_precondition, "this model has no chat template; send a text prompt instead of messages");
}

const char* field_of(const Prompt& prompt) {
  return std::holds_alternative<std::vector<ChatMessage>>(prompt) ? "messages" : "prompt";
}

}  // namespace

Result<PromptEncoder> PromptEncoder::open(const ModelFolder& folder, uint32_t context_length) {
  TROUPE_TRY(Tokenizer tokenizer, Tokenizer::from_file(folder.tokenizer_file()));
  PromptEncoder encoder(std::move(tokenizer), read_template(folder));
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
  auto ids = text != nullptr ? tokenizer_.encode(*text, add_special_tokens)
                             : to_ids(std::get<std::vector<ChatMessage>>(prompt));
  if (!ids && ids.error().field.empty()) ids.error().field = field_of(prompt);
  return ids;
}

Result<std::vector<int32_t>> PromptEncoder::to_ids(const std::vector<ChatMessage>& messages) const {
  if (messages.empty()) return std::vector<int32_t>{};
  if (!chat_template_) return fail(chat_template_.error());
  TROUPE_TRY(
      const std::string text,
      chat_template_->render(
          {.messages = messages, .add_generation_prompt = true, .bos_token = bos_token_, .eos_token = eos_token_}));
  // The template wrote the special tokens itself.
  return tokenizer_.encode(text, false);
}

}  // namespace troupe::gpu
