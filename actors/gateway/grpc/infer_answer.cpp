#include "actors/gateway/grpc/infer_answer.hpp"

#include "actors/gateway/grpc/text_tensors.hpp"
#include "actors/gateway/http/http_sink.hpp"

namespace troupe::gateway {

Result<std::optional<ProtoPieces>> InferAnswer::add(const protocol::ResultPart& part, bool last, bool in_stream) {
  InferHead head{model_, part.version, id_, in_stream ? std::optional(last) : std::nullopt, {}};
  if (kind_ == Kind::tensors) {
    const auto* content = std::get_if<protocol::InferResult>(&part.content);
    if (content == nullptr) return fail(wrong_kind("tensors"));
    return write_infer_response(head, content->outputs);
  }
  const auto* content = std::get_if<protocol::TextPart>(&part.content);
  if (content == nullptr) return fail(wrong_kind("text"));
  head.finish_reason = finish_name(content->finish);
  if (kind_ == Kind::text) return write_infer_response(head, {text_tensor(content->text)});
  text_ += content->text;
  if (!last) return std::nullopt;
  return write_infer_response(head, {text_tensor(text_)});
}

InferAnswer::Kind answer_kind(const protocol::Work& work) {
  const auto* generate = std::get_if<protocol::Generate>(&work);
  if (generate == nullptr) return InferAnswer::Kind::tensors;
  return generate->stream ? InferAnswer::Kind::text : InferAnswer::Kind::whole_text;
}

}  // namespace troupe::gateway
