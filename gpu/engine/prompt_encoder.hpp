#pragma once
// PromptEncoder: any prompt as token ids that the model can take.

#include <optional>
#include <vector>

#include "gpu/engine/generate.hpp"
#include "gpu/engine/tool_calls/tool_call_format.hpp"
#include "gpu/loader/model_folder.hpp"
#include "gpu/tokenizer/tokenizer.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Immutable; const methods are thread-safe.
class PromptEncoder {
 public:
  /// Reads the tokenizer and the chat templates. One that is missing or not understood is no error until a conversation
  /// comes.
  static Result<PromptEncoder> open(const ModelFolder& folder, uint32_t context_length);

  /// 1 to context_length - 1 ids, all below the vocabulary's size. Errors: invalid_argument (field "prompt",
  /// "messages" or "tools"), failed_precondition for a conversation that a model without chat template cannot take,
  /// unimplemented for tools that it cannot; or those of the tokenizer and the template.
  Result<std::vector<int32_t>> encode(const Prompt& prompt) const;

  /// The same without the bounds, for those who count. `add_special_tokens`: of a text.
  Result<std::vector<int32_t>> tokenize(const Prompt& prompt, bool add_special_tokens = true) const;

  /// Whether it takes conversations.
  bool has_chat_template() const noexcept { return chat_template_.has_value(); }
  /// How the model writes calls. None: it takes no tools.
  std::optional<ToolCallFormat> tool_call_format() const noexcept { return tool_call_format_; }
  uint32_t context_length() const noexcept { return context_length_; }
  const Tokenizer& tokenizer() const noexcept { return tokenizer_; }

 private:
  PromptEncoder(Tokenizer tokenizer, Result<ChatTemplate> chat_template, Result<ChatTemplate> tool_template)
      : tokenizer_(std::move(tokenizer)),
        chat_template_(std::move(chat_template)),
        tool_template_(std::move(tool_template)) {}

  Result<std::vector<int32_t>> to_ids(const Chat& chat) const;
  Status check_tools() const;

  Tokenizer tokenizer_;
  Result<ChatTemplate> chat_template_;
  Result<ChatTemplate> tool_template_;  ///< For conversations with tools; mostly the same.
  std::optional<ToolCallFormat> tool_call_format_;
  std::string bos_token_;
  std::string eos_token_;
  int64_t vocab_size_ = 0;
  uint32_t context_length_ = 0;
};

}  // namespace troupe::gpu
