#pragma once
// ToolCallFormat: how a model writes calls of tools into its text.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gpu/tokenizer/tokenizer.hpp"

namespace troupe::gpu {

enum class ToolCallFormat : uint8_t {
  /// <tool_call>{"name": …, "arguments": {…}}</tool_call>, any number of them: Hermes 2 Pro, Qwen 2.5 and 3.
  hermes,
  /// {"name": …, "parameters": {…}} as the whole answer, or anywhere behind <|python_tag|>; several with ";" between
  /// them: Llama 3.1 to 3.3.
  llama,
  /// [TOOL_CALLS][{"name": …, "arguments": {…}}, …]: Mistral from 7B v0.3 on, Nemo.
  mistral,
};

/// What begins calls in the text, and what ends one (empty: nothing does).
struct ToolCallMarks {
  std::string_view begin;
  std::string_view end;
};
ToolCallMarks marks_of(ToolCallFormat format);

/// "hermes (<tool_call>), …", for messages.
std::string tool_call_formats();

/// The one whose marks the chat template names, or else the vocabulary has. None: a format that is not known here.
std::optional<ToolCallFormat> find_tool_call_format(std::string_view chat_template, const Tokenizer& tokenizer);

/// Special tokens that are marks: they must be written out, which special tokens are not else.
std::vector<int32_t> mark_tokens(ToolCallFormat format, const Tokenizer& tokenizer);

}  // namespace troupe::gpu
