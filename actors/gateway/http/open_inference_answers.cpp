#include "actors/gateway/http/open_inference_answers.hpp"

#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/http/http_sink.hpp"
#include "actors/gateway/http/text_inference.hpp"

namespace troupe::gateway {
namespace {

struct TensorAnswer {
  static constexpr bool is_stream = false;
  AnswerContext context;
  std::string model;
  std::string id;
  BinaryOutputs binary;

  void part(const protocol::ResultPart& part, bool) const {
    const auto* content = std::get_if<protocol::InferResult>(&part.content);
    if (content == nullptr) return error(wrong_kind("tensors"));
    auto body = format_open_inference_answer(*content, model, part.version, id, binary);
    if (!body) return error(body.error());
    http::HeaderList headers = answer_headers(context, part);
    if (body->json_bytes) headers.emplace_back("inference-header-content-length", std::to_string(*body->json_bytes));
    context.responder->respond(200, body->json_bytes ? "application/octet-stream" : "application/json",
                               std::move(body->bytes), std::move(headers));
  }
  void error(const Error& failure) const { answer_open_inference_error(context, failure); }
};

/// Usually one part; an answer that was streamed into the cache comes back in several.
struct WholeText {
  static constexpr bool is_stream = false;
  AnswerContext context;
  std::string model;
  std::string id;
  std::string text;

  void part(const protocol::ResultPart& part, bool last) {
    const auto* content = std::get_if<protocol::TextPart>(&part.content);
    if (content == nullptr) return error(wrong_kind("text"));
    text += content->text;
    if (!last) return;
    const protocol::TextPart whole{std::move(text), content->finish, content->usage};
    context.responder->respond(200, "application/json", format_text_inference_answer(whole, model, part.version, id),
                               answer_headers(context, part));
  }
  void error(const Error& failure) const { answer_open_inference_error(context, failure); }
};

struct StreamedText : StreamedAnswer {
  std::string model;
  std::string id;

  void part(const protocol::ResultPart& part, bool last) {
    const auto* content = std::get_if<protocol::TextPart>(&part.content);
    if (content == nullptr) return error(wrong_kind("text"));
    send(part, fmt::format("data: {}\n\n", format_text_inference_answer(*content, model, part.version, id)), last);
  }
  /// Once a stream has begun its status is out, so the error goes into it.
  void error(const Error& failure) const {
    if (!has_begun) return answer_open_inference_error(context, failure);
    end_with(fmt::format("event: error\ndata: {}\n\n", open_inference_error_body(failure)));
  }
};

}  // namespace

std::shared_ptr<balancer::ResponseSink> make_open_inference_sink(AnswerContext context, std::string model,
                                                                 std::string id, BinaryOutputs binary) {
  return std::make_shared<HttpSink<TensorAnswer>>(
      TensorAnswer{std::move(context), std::move(model), std::move(id), std::move(binary)});
}

std::shared_ptr<balancer::ResponseSink> make_text_inference_sink(AnswerContext context, std::string model,
                                                                 std::string id, bool stream) {
  if (stream) {
    return std::make_shared<HttpSink<StreamedText>>(
        StreamedText{{std::move(context), false, {}, {}}, std::move(model), std::move(id)});
  }
  return std::make_shared<HttpSink<WholeText>>(WholeText{std::move(context), std::move(model), std::move(id), {}});
}

}  // namespace troupe::gateway
