#include "actors/gateway/http/answers.hpp"

#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/http/http_sink.hpp"
#include "runtime/protocol/answer_parts.hpp"

namespace troupe::gateway {

namespace {

void add_context(http::HeaderList& headers, const AnswerContext& context) {
  headers.emplace_back("x-request-id", context.request_id);
  headers.insert(headers.end(), context.headers.begin(), context.headers.end());
  if (context.clock == nullptr) return;
  const std::chrono::duration<double, std::milli> taken = context.clock->now() - context.begun;
  headers.emplace_back("server-timing", fmt::format("total;dur={:.3f}", taken.count()));
}

}  // namespace

http::HeaderList answer_headers(const AnswerContext& context, const protocol::ResultPart& part) {
  http::HeaderList headers{{"x-troupe-version", part.version}, {"x-troupe-cache", part.cached ? "hit" : "miss"}};
  headers.reserve(8);
  add_context(headers, context);
  if (part.replayed) headers.emplace_back("idempotency-replayed", "true");
  return headers;
}

void answer_error(const AnswerContext& context, const Error& error, std::string body) {
  http::HeaderList headers = error_headers(error);
  add_context(headers, context);
  if (error.code == Errc::unauthenticated) headers.emplace_back("www-authenticate", "Bearer");
  context.responder->respond(http_status(error), "application/json", std::move(body), std::move(headers));
}

Error wrong_kind(std::string_view wanted) {
  return {Errc::failed_precondition, fmt::format("this model does not answer with {}", wanted), "model", {}};
}

void StreamedAnswer::send(const protocol::ResultPart& part, std::string events, bool last) {
  /// Bytes that may wait for the client while the next are asked for.
  constexpr size_t unsent_low = 64 << 10;
  if (!has_begun) {
    http::HeaderList headers = answer_headers(context, part);
    headers.emplace_back("cache-control", "no-cache");
    context.responder->begin_stream(200, "text/event-stream", std::move(headers));
    has_begun = true;
  }
  context.responder->write(std::move(events));
  if (last) return context.responder->end();
  if (!more) return;
  if (const uint64_t bytes = pace.on_part(part); bytes > 0)
    context.responder->when_unsent(unsent_low, [more = more, bytes] { more(bytes); });
}

void StreamedAnswer::end_with(std::string event) const {
  context.responder->write(std::move(event));
  context.responder->end();
}

namespace {

constexpr std::string_view json_type = "application/json";

/// Usually a part for each choice; an answer that another request streams comes in more.
struct WholeOpenAi {
  static constexpr bool is_stream = false;
  AnswerContext context;
  OpenAiAnswer answer;
  std::vector<protocol::ResultPart> parts;

  void part(const protocol::ResultPart& part, bool last) {
    if (!std::holds_alternative<protocol::TextPart>(part.content)) return error(wrong_kind("text"));
    protocol::join(parts, part);
    if (!last) return;
    std::vector<protocol::TextPart> choices;
    for (protocol::ResultPart& whole : parts) choices.push_back(std::move(std::get<protocol::TextPart>(whole.content)));
    context.responder->respond(200, json_type, answer.whole(std::move(choices), part.version),
                               answer_headers(context, part));
  }
  void error(const Error& failure) const { answer_openai_error(context, failure); }
};

struct StreamedOpenAi : StreamedAnswer {
  OpenAiAnswer text;

  void part(const protocol::ResultPart& part, bool last) {
    const auto* content = std::get_if<protocol::TextPart>(&part.content);
    if (content == nullptr) return error(wrong_kind("text"));
    send(part, text.chunk(*content, part.version, last), last);
  }
  /// Once a stream has begun its status is out, so the error goes into it.
  void error(const Error& failure) const {
    has_begun ? end_with(OpenAiAnswer::error_event(failure)) : answer_openai_error(context, failure);
  }
};

}  // namespace

std::shared_ptr<balancer::ResponseSink> make_openai_sink(AnswerContext context, OpenAiAnswer answer, bool stream) {
  if (stream) {
    return std::make_shared<HttpSink<StreamedOpenAi>>(
        StreamedOpenAi{{std::move(context), false, {}, {}}, std::move(answer)});
  }
  return std::make_shared<HttpSink<WholeOpenAi>>(WholeOpenAi{std::move(context), std::move(answer), {}});
}

void answer_openai_error(const AnswerContext& context, const Error& error) {
  answer_error(context, error, openai_error_body(error));
}

void answer_open_inference_error(const AnswerContext& context, const Error& error) {
  answer_error(context, error, open_inference_error_body(error));
}

}  // namespace troupe::gateway
