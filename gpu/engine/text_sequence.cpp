#include "gpu/engine/text_sequence.hpp"

#include <utility>

namespace troupe::gpu {

TextSequence::TextSequence(uint64_t id, std::vector<int32_t> prompt, SamplingParams params, uint32_t tokens_max,
                           const Tokenizer& tokenizer)
    : id_(id),
      tokens_(std::move(prompt)),
      params_(std::move(params)),
      prompt_tokens_(static_cast<uint32_t>(tokens_.size())),
      tokens_max_(tokens_max),
      decoder_(tokenizer, true),
      matcher_(params_.stop) {}

SequenceEvent TextSequence::accept(int32_t token, bool is_end) {
  tokens_.push_back(token);
  SequenceEvent event = this->event();
  event.token_ids.push_back(token);
  if (is_end && !params_.ignore_eos) {
    finish(event, FinishReason::stop);
    return event;
  }

  auto text = decoder_.push(token);
  if (!text) return fail(std::move(text.error()));
  StopMatcher::Output output = matcher_.push(*text);
  event.text = std::move(output.text);
  if (output.matched) {
    event.finish = FinishReason::stop;
  } else if (event.completion_tokens == tokens_max_) {
    finish(event, FinishReason::length);
  }
  return event;
}

SequenceEvent TextSequence::fail(Error error) const {
  SequenceEvent event = this->event();
  event.finish = FinishReason::failed;
  event.error = std::move(error);
  return event;
}

SequenceEvent TextSequence::event() const {
  SequenceEvent event;
  event.id = id_;
  event.prompt_tokens = prompt_tokens_;
  event.completion_tokens = static_cast<uint32_t>(tokens_.size()) - prompt_tokens_;
  return event;
}

/// Adds the text that was held back. Its last character, if broken, may still complete a stop string.
void TextSequence::finish(SequenceEvent& event, FinishReason reason) {
  const StopMatcher::Output last = matcher_.push(decoder_.flush());
  event.text += last.text;
  event.text += matcher_.flush();
  event.finish = last.matched ? FinishReason::stop : reason;
}

}  // namespace troupe::gpu
