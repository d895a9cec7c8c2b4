#include "gpu/engine/text_sequence.hpp"

#include <algorithm>
#include <utility>

#include "gpu/engine/logit_rules.hpp"

namespace troupe::gpu {

namespace {

Error too_many_readings() {
  return {Errc::failed_precondition,
          "the document has come to a place where its schema can be read in too many ways; let its alternatives begin "
          "differently",
          "response_format",
          {}};
}

}  // namespace

TextSequence::TextSequence(uint64_t id, std::vector<int32_t> prompt, Options options,
                           std::span<const int32_t> model_ends, const Tokenizer& tokenizer)
    : id_(id),
      tokens_(std::move(prompt)),
      params_(std::move(options.params)),
      prompt_tokens_(static_cast<uint32_t>(tokens_.size())),
      tokens_max_(options.tokens_max),
      top_logprobs_(options.top_logprobs),
      head_(std::move(options.head)),
      scores_prompt_(options.scores_prompt),
      ends_(params_.stop_tokens),
      constraint_(std::move(options.constraint)),
      decoder_(tokenizer, true, options.tools ? mark_tokens(options.tools->format, tokenizer) : std::vector<int32_t>{}),
      matcher_(params_.stop) {
  if (options.tools) tool_calls_.emplace(std::move(*options.tools));
  if (!params_.ignore_eos) ends_.insert(ends_.end(), model_ends.begin(), model_ends.end());
  if (need_counts(params_)) counts_.add_prompt(tokens_);
}

std::span<const int32_t> TextSequence::banned() const {
  if (!is_early() || (constraint_ && constraint_->must_end())) return {};
  return ends_;
}

SequenceEvent TextSequence::end() {
  SequenceEvent event = this->event();
  event.text = std::exchange(head_, {});
  event.scores = std::exchange(prompt_scores_, {});
  event.finish = FinishReason::length;
  return event;
}

SequenceEvent TextSequence::accept(int32_t token) {
  tokens_.push_back(token);
  if (need_counts(params_)) counts_.add(token);
  SequenceEvent event = this->event();
  event.text = std::exchange(head_, {});
  event.scores = std::exchange(prompt_scores_, {});
  scores_prompt_ = false;  // It may be computed again, but not scored.
  event.token_ids.push_back(token);
  if (std::ranges::find(ends_, token) != ends_.end()) {
    finish(event, FinishReason::stop);
    return event;
  }

  if (constraint_ && !constraint_->accept(token)) return fail(too_many_readings());
  auto text = decoder_.push(token);
  if (!text) return fail(std::move(text.error()));
  const StopMatcher::Output output = match(*text);
  add(event, output.text);
  if (event.finish != FinishReason::none) return event;
  if (output.matched) {
    close(event, FinishReason::stop);
  } else if (is_whole()) {
    finish(event, FinishReason::stop);
  } else if (event.completion_tokens == tokens_max_) {
    finish(event, FinishReason::length);
  }
  return event;
}

void TextSequence::add(SequenceEvent& event, const std::string& text) {
  if (!tool_calls_) {
    event.text += text;
    return;
  }
  ToolCallParser::Output output = tool_calls_->push(text);
  event.text += output.text;
  for (ToolCallDelta& call : output.calls) {
    const bool goes_on = !event.tool_calls.empty() && event.tool_calls.back().index == call.index;
    goes_on ? void(event.tool_calls.back().arguments += call.arguments) : event.tool_calls.push_back(std::move(call));
  }
  if (output.is_finished) event.finish = FinishReason::tool_calls;
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
  event.completion_tokens = completion_tokens();
  return event;
}

/// Its format lets nothing come any more, and no token can say so.
bool TextSequence::is_whole() const {
  return constraint_ && (ends_.empty() || completion_tokens() == tokens_max_) && constraint_->must_end();
}

/// What comes before min_tokens ends nothing.
StopMatcher::Output TextSequence::match(std::string_view text) {
  if (is_early()) return {std::string(text), false};
  return matcher_.push(text);
}

/// Adds the text that was held back. Its last character, if broken, may still complete a stop string.
void TextSequence::finish(SequenceEvent& event, FinishReason reason) {
  const StopMatcher::Output last = matcher_.push(decoder_.flush());
  add(event, last.text + matcher_.flush());
  if (event.finish == FinishReason::none) close(event, last.matched ? FinishReason::stop : reason);
}

void TextSequence::close(SequenceEvent& event, FinishReason reason) {
  event.finish = reason;
  if (!tool_calls_) return;
  // What was held back is text: pieces of a call were given out already.
  event.text += tool_calls_->flush().text;
  if (tool_calls_->has_calls() && reason == FinishReason::stop) event.finish = FinishReason::tool_calls;
}

}  // namespace troupe::gpu
