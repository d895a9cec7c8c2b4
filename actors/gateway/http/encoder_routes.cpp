#include "actors/gateway/http/encoder_routes.hpp"

#include "actors/gateway/http/encoder_api.hpp"
#include "actors/gateway/http/http_sink.hpp"
#include "actors/gateway/http/token_api.hpp"

namespace troupe::gateway {
namespace {

using http::HttpRequest;
using http::PathParameters;
using ResponderPtr = std::shared_ptr<http::HttpResponder>;

struct EncoderAnswer {
  static constexpr bool is_stream = false;
  AnswerContext context;
  EncoderApiRequest request;
  int64_t created_unix_s;

  void part(const protocol::ResultPart& part, bool) const {
    const auto* result = std::get_if<protocol::EmbedResult>(&part.content);
    if (result == nullptr) return error(wrong_kind("vectors or scores"));
    auto body = format_encoder_answer(request, *result, context.request_id, created_unix_s);
    if (!body) return error(body.error());
    context.responder->respond(200, "application/json", std::move(*body), answer_headers(context, part));
  }
  void error(const Error& failure) const { answer_openai_error(context, failure); }
};

struct TokenAnswer {
  static constexpr bool is_stream = false;
  AnswerContext context;
  TokenApiRequest request;

  void part(const protocol::ResultPart& part, bool) const {
    const auto* result = std::get_if<protocol::TokenizeResult>(&part.content);
    if (result == nullptr) return error(wrong_kind("tokens"));
    context.responder->respond(200, "application/json", format_token_answer(request, *result),
                               answer_headers(context, part));
  }
  void error(const Error& failure) const { answer_openai_error(context, failure); }
};

void serve_encoder(const Calls& calls, EncoderApi api, const HttpRequest& request, ResponderPtr responder) {
  Call call = calls.open(request, std::move(responder));
  const auto status = [&]() -> Status {
    TROUPE_CHECK(calls.read_headers(request, call));
    TROUPE_TRY(EncoderApiRequest parsed, parse_encoder_request(api, request.body, calls.parser(request)));
    const int64_t created = unix_microseconds(calls.front_end().clock->wall()) / 1'000'000;
    protocol::ServeRequest serve = std::move(parsed.serve);
    return calls.submit(
        call, std::move(serve),
        std::make_shared<HttpSink<EncoderAnswer>>(EncoderAnswer{call.answer, std::move(parsed), created}));
  }();
  if (!status) answer_openai_error(call.answer, status.error());
}

void serve_tokens(const Calls& calls, TokenApi api, const HttpRequest& request, ResponderPtr responder) {
  Call call = calls.open(request, std::move(responder));
  const auto status = [&]() -> Status {
    TROUPE_CHECK(calls.read_headers(request, call));
    TROUPE_TRY(TokenApiRequest parsed, parse_token_request(api, request.body, calls.parser(request)));
    protocol::ServeRequest serve = std::move(parsed.serve);
    return calls.submit(call, std::move(serve),
                        std::make_shared<HttpSink<TokenAnswer>>(TokenAnswer{call.answer, std::move(parsed)}));
  }();
  if (!status) answer_openai_error(call.answer, status.error());
}

}  // namespace

void add_encoder_routes(http::Routes& routes, const CallsPtr& calls) {
  for (const auto& [path, api] :
       {std::pair{"/v1/embeddings", EncoderApi::embeddings}, std::pair{"/v1/score", EncoderApi::score},
        std::pair{"/score", EncoderApi::score}, std::pair{"/v1/rerank", EncoderApi::rerank},
        std::pair{"/v2/rerank", EncoderApi::rerank}, std::pair{"/rerank", EncoderApi::rerank},
        std::pair{"/v1/classify", EncoderApi::classify}, std::pair{"/classify", EncoderApi::classify}}) {
    routes.add("POST", path,
               [calls, api = api](const HttpRequest& request, const PathParameters&, ResponderPtr responder) {
                 serve_encoder(*calls, api, request, std::move(responder));
               });
  }
  for (const auto& [path, api] :
       {std::pair{"/v1/tokenize", TokenApi::tokenize}, std::pair{"/tokenize", TokenApi::tokenize},
        std::pair{"/v1/detokenize", TokenApi::detokenize}, std::pair{"/detokenize", TokenApi::detokenize}}) {
    routes.add("POST", path,
               [calls, api = api](const HttpRequest& request, const PathParameters&, ResponderPtr responder) {
                 serve_tokens(*calls, api, request, std::move(responder));
               });
  }
}

}  // namespace troupe::gateway
