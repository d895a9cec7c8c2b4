#pragma once
// TextSequence: one request from its prompt to its last token.

#include <cstdint>
#include <vector>

#include "gpu/engine/generate.hpp"
#include "gpu/engine/stop_matcher.hpp"
#include "gpu/tokenizer/stream_decoder.hpp"

namespace troupe::gpu {

/// Pure. Not thread-safe.
class TextSequence {
 public:
  /// Requires valid `params` and a non-empty prompt; at most `tokens_max` tokens are generated.
  TextSequence(uint64_t id, std::vector<int32_t> prompt, SamplingParams params, uint32_t tokens_max,
               const Tokenizer& tokenizer);

  /// Prompt and completion so far.
  const std::vector<int32_t>& tokens() const noexcept { return tokens_; }
  const SamplingParams& params() const noexcept { return params_; }
  uint32_t prompt_tokens() const noexcept { return prompt_tokens_; }

  /// Adds the next token; `is_end` for a token that ends generations.
  SequenceEvent accept(int32_t token, bool is_end);
  SequenceEvent fail(Error error) const;

 private:
  SequenceEvent event() const;
  void finish(SequenceEvent& event, FinishReason reason);

  uint64_t id_;
  std::vector<int32_t> tokens_;
  SamplingParams params_;
  uint32_t prompt_tokens_;
  uint32_t tokens_max_;
  StreamDecoder decoder_;
  StopMatcher matcher_;
};

}  // namespace troupe::gpu
