#include "runtime/client/cpp/answers.hpp"

#include <iterator>

namespace troupe::client::internal {
namespace {

template <class Answer>
void add_common(Answer& answer, protocol::ResultPart& part) {
  answer.version = std::move(part.version);
  answer.cached = part.cached;
}

}  // namespace

Status add(Generation& answer, protocol::ResultPart part) {
  auto* const text = std::get_if<protocol::TextPart>(&part.content);
  if (text == nullptr) return fail(Errc::corrupt_data, "the answer to a text request is tensors");
  answer.text += text->text;
  answer.finish = text->finish;
  answer.usage = text->usage;
  add_common(answer, part);
  return {};
}

Status add(Inference& answer, protocol::ResultPart part) {
  auto* const result = std::get_if<protocol::InferResult>(&part.content);
  if (result == nullptr) return fail(Errc::corrupt_data, "the answer to a tensor request is text");
  std::move(result->outputs.begin(), result->outputs.end(), std::back_inserter(answer.outputs));
  add_common(answer, part);
  return {};
}

}  // namespace troupe::client::internal
