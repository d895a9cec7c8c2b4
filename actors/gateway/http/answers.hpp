#pragma once
// Answers: ResponseSinks that write to an HTTP client.

#include <memory>
#include <string>

#include "actors/balancer/messages.hpp"
#include "actors/gateway/http/openai.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/http/message.hpp"

namespace troupe::gateway {

/// What every answer needs, right or wrong.
struct AnswerContext {
  std::shared_ptr<http::HttpResponder> responder;
  std::string request_id;      ///< Goes back as x-request-id.
  http::HeaderList headers{};  ///< Go back as well.
  const Clock* clock = nullptr;
  Time begun{};  ///< By `clock`; the time since then goes back as server-timing.
};

/// One object, or server-sent events from the first part on. Headers carry x-troupe-version and x-troupe-cache.
std::shared_ptr<balancer::ResponseSink> make_openai_sink(AnswerContext context, OpenAiAnswer answer, bool stream);

/// Answers a failure from before there was a sink.
void answer_openai_error(const AnswerContext& context, const Error& error);
void answer_open_inference_error(const AnswerContext& context, const Error& error);

}  // namespace troupe::gateway
