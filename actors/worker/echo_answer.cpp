#include "actors/worker/echo_answer.hpp"

#include <algorithm>

namespace troupe::worker {
namespace {

/// The wanted tensors of an echo, in the order asked for.
Result<protocol::InferResult> echo(const protocol::Infer& infer) {
  if (infer.outputs.empty()) return protocol::InferResult{infer.inputs};
  protocol::InferResult result;
  for (const std::string& name : infer.outputs) {
    const auto input =
        std::find_if(infer.inputs.begin(), infer.inputs.end(), [&](const auto& t) { return t.name == name; });
    if (input == infer.inputs.end())
      return fail_field("outputs", "output '{}' is not among the inputs, and an echo has no others", name);
    result.outputs.push_back(*input);
  }
  return result;
}

Result<std::string> text_of(const protocol::Generate& generate) {
  if (const auto* text = std::get_if<protocol::PlainText>(&generate.prompt)) return text->text;
  if (const auto* conversation = std::get_if<protocol::Conversation>(&generate.prompt)) {
    if (!conversation->tools.empty()) return fail(Errc::unimplemented, "an echo calls no tools: leave them out");
    return conversation->messages.empty() ? std::string() : conversation->messages.back().content;
  }
  if (std::holds_alternative<protocol::PromptList>(generate.prompt))
    return fail(Errc::unimplemented, "an echo answers one prompt: send a request for each");
  return fail(Errc::unimplemented, "an echo has no tokenizer: ask it with text, not with token ids");
}

/// "a b" is "a", " b": together they are the text again.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t word = text.find_first_not_of(' ', begin);
    const size_t end = word == std::string::npos ? word : text.find(' ', word);
    words.push_back(text.substr(begin, end - begin));
    begin = std::min(end, text.size());
  }
  return words;
}

protocol::ResultPart text_part(std::string text) {
  protocol::ResultPart part;
  part.content = protocol::TextPart{.text = std::move(text)};
  return part;
}

Result<std::vector<protocol::ResultPart>> echo(const protocol::Generate& generate) {
  if (generate.choices > 1) return fail(Errc::unimplemented, "an echo has one answer: n must be 1");
  if (generate.top_logprobs) return fail(Errc::unimplemented, "an echo has no log-probabilities");
  if (generate.echo) return fail(Errc::unimplemented, "an echo is its prompt already: leave echo out");
  if (!std::holds_alternative<protocol::FreeText>(generate.answer_format)) {
    return fail(Error{Errc::unimplemented, "an echo does not hold its answer to a format", "response_format", {}});
  }
  TROUPE_TRY(const std::string text, text_of(generate));
  const std::vector<std::string> words = words_of(text);
  std::vector<protocol::ResultPart> parts;
  if (generate.stream && !words.empty()) {
    for (const std::string& word : words) parts.push_back(text_part(word));
  } else {
    parts.push_back(text_part(text));
  }
  const auto count = static_cast<uint32_t>(words.size());
  auto& last = std::get<protocol::TextPart>(parts.back().content);
  last.finish = protocol::FinishReason::stop;
  last.usage = {.prompt_tokens = count, .completion_tokens = count};
  return parts;
}

}  // namespace

Result<std::vector<protocol::ResultPart>> echo_answer(const protocol::ServeRequest& request) {
  if (const auto* generate = std::get_if<protocol::Generate>(&request.work)) return echo(*generate);
  const auto* infer = std::get_if<protocol::Infer>(&request.work);
  if (infer == nullptr)
    return fail(Errc::unimplemented, "an echo answers texts and tensors; it has no vectors or tokens");
  TROUPE_TRY(protocol::InferResult result, echo(*infer));
  std::vector<protocol::ResultPart> parts(1);
  parts[0].content = std::move(result);
  return parts;
}

}  // namespace troupe::worker
