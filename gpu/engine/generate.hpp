#pragma once
// What goes into a TextEngine and what comes out.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gpu/engine/constraint/answer_format.hpp"
#include "gpu/engine/sampling_params.hpp"
#include "gpu/tokenizer/chat_template.hpp"
#include "runtime/base/error.hpp"

namespace troupe::gpu {

/// A conversation, which the model's chat template turns into a text with the opening of an answer at its end.
struct Chat {
  std::vector<ChatMessage> messages;
  std::vector<Tool> tools;            ///< That the model may call in its answer.
  bool parallel_tool_calls = true;    ///< false: the answer ends after the first call.
  bool must_call = false;             ///< The answer is one call, whose arguments satisfy the schema of its tool,
  std::string must_call_name;         ///< of this tool, or of any where it is empty.
  std::chrono::sys_seconds now = {};  ///< What templates take for the present.
};

/// A text, which the tokenizer frames with special tokens; a conversation; or token ids as they are.
using Prompt = std::variant<std::string, Chat, std::vector<int32_t>>;

struct GenerateInput {
  Prompt prompt;
  SamplingParams sampling;
  std::optional<uint32_t> top_logprobs;  ///< Score each token, and so many of the likeliest at its place.
  bool echo = false;                     ///< The prompt's text comes first; its tokens are scored too.
  AnswerFormat format = AnyText{};       ///< What is generated is held to it; only max_tokens or a stop cut it off.
};

struct ScoredToken {
  int32_t id = 0;
  std::string text;  ///< Its bytes; may end inside a character.
  /// As the model has it, before temperature, penalties and biases. None of a prompt's first token, and of one of a
  /// prompt where the model's logits are not finite.
  std::optional<double> logprob;
};

struct TokenScores {
  ScoredToken chosen;
  std::vector<ScoredToken> top;  ///< The likeliest first.
};

enum class FinishReason : uint8_t {
  none,        ///< More will come.
  stop,        ///< An end token or a stop string.
  length,      ///< max_tokens, or the end of the context.
  tool_calls,  ///< As stop, behind calls of tools.
  cancelled,   ///< By its caller. For the layers above: the engine has no further event for it.
  failed,      ///< See SequenceEvent::error.
};

/// A piece of a call of a tool; id and name come with the first one.
struct ToolCallDelta {
  uint32_t index = 0;  ///< Of the call, from 0.
  std::string id;
  std::string name;
  std::string arguments;  ///< New; JSON, as the model writes it.
};

/// What a step brought to one sequence. The one with a finish reason is its last.
struct SequenceEvent {
  uint64_t id = 0;
  std::string text;                       ///< New, whole UTF-8 characters; without end tokens, stop strings and calls.
  std::vector<ToolCallDelta> tool_calls;  ///< Behind the text.
  std::vector<int32_t> token_ids;         ///< New; with end tokens. Text may lag behind them.
  std::vector<TokenScores> scores;        ///< Of these, where asked for; before the first, of an echoed prompt.
  FinishReason finish = FinishReason::none;
  uint32_t prompt_tokens = 0;
  uint32_t completion_tokens = 0;  ///< So far.
  std::optional<Error> error;      ///< Set if and only if finish is `failed`.
};

}  // namespace troupe::gpu
