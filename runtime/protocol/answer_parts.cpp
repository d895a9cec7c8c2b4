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
    return;
  }
  auto& collected = std::get<TextPart>(before->content);
  collected.text += text->text;
  collected.scores.insert(collected.scores.end(), text->scores.begin(), text->scores.end());
  collected.finish = text->finish;
  collected.usage = text->usage;
  before->version = part.version;
  before->load = part.load;
  before->cached = part.cached;
  before->replayed = part.replayed;
}

}  // namespace troupe::protocol
