#include "runtime/protocol/answer_parts.hpp"

#include <algorithm>

namespace troupe::protocol {
namespace {

/// The part that holds what has come of a choice.
ResultPart* find(std::vector<ResultPart>& answer, uint32_t choice) {
  const auto found = std::ranges::find_if(answer, [choice](const ResultPart& part) {
    const auto* text = std::get_if<TextPart>(&part.content);
    return text != nullptr && text->choice == choice;
  });
  return found == answer.end() ? nullptr : &*found;
}

}  // namespace

void join(std::vector<ResultPart>& answer, const ResultPart& part) {
  const auto* text = std::get_if<TextPart>(&part.content);
  ResultPart* const before = text == nullptr ? nullptr : find(answer, text->choice);
  if (before == nullptr) {
    answer.push_back(part);
    if (text == nullptr) return;
    auto& calls = std::get<TextPart>(answer.back().content).tool_calls;
    calls.clear();
    join(calls, text->tool_calls);
    return;
  }
  auto& collected = std::get<TextPart>(before->content);
  collected.text += text->text;
  join(collected.tool_calls, text->tool_calls);
  collected.scores.insert(collected.scores.end(), text->scores.begin(), text->scores.end());
  collected.finish = text->finish;
  collected.usage = text->usage;
  before->version = part.version;
  before->load = part.load;
  before->cached = part.cached;
  before->replayed = part.replayed;
}

void join(std::vector<ToolCallPart>& calls, const std::vector<ToolCallPart>& parts) {
  for (const ToolCallPart& part : parts) {
    const auto call = std::ranges::find(calls, part.index, &ToolCallPart::index);
    if (call == calls.end()) {
      calls.push_back(part);
      continue;
    }
    call->id += part.id;
    call->name += part.name;
    call->arguments += part.arguments;
  }
}

}  // namespace troupe::protocol
