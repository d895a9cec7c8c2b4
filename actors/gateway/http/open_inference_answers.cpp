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

struct StreamedText {
  static constexpr bool is_stream = true;
  AnswerContext context;
  std::string model;
  std::string id;
  bool has_begun = false;
  std::function<void(uint64_t)> more;  ///< Asks for more of the stream; empty where it is not paced.
  StreamPace pace;

  void part(const protocol::ResultPart& part, bool last) {
    const auto* content = std::get_if<protocol::TextPart>(&part.content);
    if (content == nullptr) return error(wrong_kind("text"));
    if (!has_begun) {
      http::HeaderList headers = answer_headers(context, part);
      headers.emplace_back("cache-control", "no-cache");
      context.responder->begin_stream(200, "text/event-stream", std::move(headers));
      has_begun = true;
    }
    context.responder->write(
        fmt::format("data: {}\n\n", format_text_inference_answer(*content, model, part.version, id)));
    if (last) return context.responder->end();
    if (!more) return;
    if (const uint64_t bytes = pace.on_part(part); bytes > 0)
      context.responder->when_unsent(unsent_low, [more = more, bytes] { more(bytes); });
  }
  /// Once a stream has begun its status is out, so the error goes into it.
  void error(const Error& failure) const {
    if (!has_begun) return answer_open_inference_error(context, failure);
    context.responder->write(fmt::format("event: error\ndata: {}\n\n", open_inference_error_body(failure)));
    context.responder->end();
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
        StreamedText{std::move(context), std::move(model), std::move(id), false, {}, {}});
  }
  return std::make_shared<HttpSink<WholeText>>(WholeText{std::move(context), std::move(model), std::move(id), {}});
}

}  // namespace troupe::gateway
