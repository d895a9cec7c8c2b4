#include "runtime/client/cpp/answers.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "runtime/protocol/answer_parts.hpp"

namespace troupe::client {

Result<Rows> rows_of(const protocol::Tensor& values) {
  TROUPE_CHECK(protocol::validate(values));
  if (values.dtype != DType::f32 || values.shape.size() != 2)
    return fail(Errc::corrupt_data, "expected rows of FP32, found {} with {} axes", to_string(values.dtype),
                values.shape.size());
  Rows rows{.width = static_cast<size_t>(values.shape[1])};
  rows.values.resize(values.data.size() / sizeof(float));
  std::memcpy(rows.values.data(), values.data.data(), values.data.size());
  return rows;
}

namespace internal {
namespace {

template <class Answer>
void add_common(Answer& answer, protocol::ResultPart& part) {
  answer.version = std::move(part.version);
  answer.cached = part.cached;
}

void add_other(std::vector<protocol::TextPart>& others, protocol::TextPart& text) {
  const auto found = std::ranges::find(others, text.choice, &protocol::TextPart::choice);
  if (found == others.end()) {
    others.push_back(std::move(text));
    return;
  }
  found->text += text.text;
  protocol::join(found->tool_calls, text.tool_calls);
  found->finish = text.finish;
  std::ranges::move(text.scores, std::back_inserter(found->scores));
}

}  // namespace

Status add(Generation& answer, protocol::ResultPart part) {
  auto* const text = std::get_if<protocol::TextPart>(&part.content);
  if (text == nullptr) return fail(Errc::corrupt_data, "the answer to a text request is no text");
  if (text->choice == 0) {
    answer.text += text->text;
    protocol::join(answer.tool_calls, text->tool_calls);
    answer.finish = text->finish;
    std::ranges::move(text->scores, std::back_inserter(answer.scores));
  } else {
    add_other(answer.others, *text);
  }
  answer.usage = text->usage;
  add_common(answer, part);
  return {};
}

Status add(Inference& answer, protocol::ResultPart part) {
  auto* const result = std::get_if<protocol::InferResult>(&part.content);
  if (result == nullptr) return fail(Errc::corrupt_data, "the answer to a tensor request is no tensors");
  std::move(result->outputs.begin(), result->outputs.end(), std::back_inserter(answer.outputs));
  add_common(answer, part);
  return {};
}

Status add(Embedding& answer, protocol::ResultPart part) {
  auto* const result = std::get_if<protocol::EmbedResult>(&part.content);
  if (result == nullptr) return fail(Errc::corrupt_data, "the answer to a request for vectors or scores is none");
  TROUPE_TRY(answer.rows, rows_of(result->values));
  answer.labels = std::move(result->labels);
  answer.usage = result->usage;
  add_common(answer, part);
  return {};
}

Status add(Tokens& answer, protocol::ResultPart part) {
  auto* const result = std::get_if<protocol::TokenizeResult>(&part.content);
  if (result == nullptr) return fail(Errc::corrupt_data, "the answer to a request for tokens is none");
  answer.ids = std::move(result->ids);
  answer.tokens = std::move(result->tokens);
  answer.text = std::move(result->text);
  answer.context_length = result->context_length;
  add_common(answer, part);
  return {};
}

}  // namespace internal
}  // namespace troupe::client
