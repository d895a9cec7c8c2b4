#pragma once
// TextSequence: one request from its prompt to its last token.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gpu/engine/constraint/constraint.hpp"
#include "gpu/engine/generate.hpp"
#include "gpu/engine/stop_matcher.hpp"
#include "gpu/engine/token_counts.hpp"
#include "gpu/engine/tool_calls/tool_call_parser.hpp"
#include "gpu/tokenizer/stream_decoder.hpp"

namespace troupe::gpu {

/// Pure. Not thread-safe.
class TextSequence {
 public:
  struct Options {
    SamplingParams params;    ///< Valid.
    uint32_t tokens_max = 0;  ///< At most so many are generated.
    std::optional<uint32_t> top_logprobs;
    std::string head;                                   ///< Of the text, before what is generated.
    bool scores_prompt = false;                         ///< With top_logprobs.
    std::unique_ptr<Constraint> constraint = {};        ///< Of what is generated; none: it is any text.
    std::optional<ToolCallParser::Options> tools = {};  ///< Takes calls out of the text.
  };

  /// Requires a non-empty prompt. `model_ends`: tokens that end a generation, where the parameters let them.
  TextSequence(uint64_t id, std::vector<int32_t> prompt, Options options, std::span<const int32_t> model_ends,
               const Tokenizer& tokenizer);

  /// Prompt and completion so far.
  const std::vector<int32_t>& tokens() const noexcept { return tokens_; }
  const SamplingParams& params() const noexcept { return params_; }
  uint32_t prompt_tokens() const noexcept { return prompt_tokens_; }
  std::optional<uint32_t> top_logprobs() const noexcept { return top_logprobs_; }
  /// Whether a token of the prompt stands at `position` that is to be scored still.
  bool scores_at(size_t position) const noexcept {
    return scores_prompt_ && position < prompt_tokens_ && position >= prompt_scores_.size();
  }
  /// Nothing is to be generated.
  bool ends_with_prompt() const noexcept { return tokens_max_ == 0; }

  /// Filled where penalties ask for it.
  const TokenCounts& counts() const noexcept { return counts_; }
  /// Tokens that end the text.
  std::span<const int32_t> ends() const noexcept { return ends_; }
  /// What the next token must not be: before min_tokens those that end the text, unless its format lets nothing else
  /// come.
  std::span<const int32_t> banned() const;
  /// nullptr: any text.
  Constraint* constraint() const noexcept { return constraint_.get(); }

  /// Of the prompt's tokens from the first, in their order; go out with the next event.
  void add_prompt_scores(TokenScores scores) { prompt_scores_.push_back(std::move(scores)); }

  /// Requires ends_with_prompt().
  SequenceEvent end();
  /// Adds the next token.
  SequenceEvent accept(int32_t token);
  SequenceEvent fail(Error error) const;

 private:
  uint32_t completion_tokens() const noexcept { return static_cast<uint32_t>(tokens_.size()) - prompt_tokens_; }
  SequenceEvent event() const;
  bool is_early() const noexcept { return completion_tokens() < static_cast<uint32_t>(params_.min_tokens); }
  bool is_whole() const;
  StopMatcher::Output match(std::string_view text);
  void finish(SequenceEvent& event, FinishReason reason);
  /// Adds text that was generated, less the calls in it.
  void add(SequenceEvent& event, const std::string& text);
  void close(SequenceEvent& event, FinishReason reason);

  uint64_t id_;
  std::vector<int32_t> tokens_;
  SamplingParams params_;
  uint32_t prompt_tokens_;
  uint32_t tokens_max_;
  std::optional<uint32_t> top_logprobs_;
  std::string head_;
  bool scores_prompt_;
  std::vector<TokenScores> prompt_scores_;
  std::vector<int32_t> ends_;
  std::unique_ptr<Constraint> constraint_;
  TokenCounts counts_;
  StreamDecoder decoder_;
  StopMatcher matcher_;
  std::optional<ToolCallParser> tool_calls_;
};

}  // namespace troupe::gpu
