#include "actors/gateway/http/calls.hpp"

#include "runtime/base/assert.hpp"

namespace troupe::gateway {
namespace {

using http::HttpRequest;
using http::PathParameters;
using ResponderPtr = std::shared_ptr<http::HttpResponder>;

}  // namespace

Calls::Calls(HttpFrontEnd front_end) : front_end_(std::move(front_end)) {
  for (unsigned i = 0; i < front_end_.io_threads; ++i) {
    scratch_.push_back(std::make_unique<Scratch>(front_end_.seed + i));
  }
}

Calls::Scratch& Calls::scratch(const HttpRequest& request) const {
  TROUPE_ASSERT(request.io_thread < scratch_.size());
  return *scratch_[request.io_thread];
}

std::string Calls::request_id(const HttpRequest& request) const {
  return identify(request.headers, scratch(request).random).request_id;
}

Call Calls::open(const HttpRequest& request, ResponderPtr responder) const {
  CallIdentity identity = identify(request.headers, scratch(request).random);
  Call call;
  call.answer.responder = std::move(responder);
  call.answer.request_id = std::move(identity.request_id);
  call.answer.clock = front_end_.clock;
  call.answer.begun = front_end_.clock->now();
  if (!identity.traceresponse.empty())
    call.answer.headers.emplace_back("traceresponse", std::move(identity.traceresponse));
  return call;
}

Result<Calls::Models> Calls::models_of(const HttpRequest& request) const {
  return gateway::models_of(front_end_, request.headers);
}

Status Calls::read_headers(const HttpRequest& request, Call& call) const {
  TROUPE_CHECK(read_call_fields(front_end_, request.headers, call));
  // What its key may still ask goes back to the client.
  const http::HeaderList quota = quota_fields(front_end_, call.key);
  call.answer.headers.insert(call.answer.headers.end(), quota.begin(), quota.end());
  return {};
}

Status Calls::submit(Call& call, protocol::ServeRequest serve, std::shared_ptr<balancer::ResponseSink> sink) const {
  TROUPE_TRY(const balancer::DispatchId id,
             gateway::submit(front_end_, std::move(call), call.answer.request_id, std::move(serve), std::move(sink)));
  call.answer.responder->on_disconnect([withdraw = front_end_.door.withdraw, id] { withdraw({id}); });
  return {};
}

void add_page(http::Routes& routes, CallsPtr calls, std::string_view pattern,
              std::function<Page(const PathParameters&)> page) {
  routes.add("GET", pattern,
             [calls = std::move(calls), page = std::move(page)](
                 const HttpRequest& request, const PathParameters& parameters, const ResponderPtr& responder) {
               Page answer = page(parameters);
               responder->respond(answer.status, "application/json", std::move(answer.body),
                                  {{"x-request-id", calls->request_id(request)}});
             });
}

void add_model_page(http::Routes& routes, CallsPtr calls, std::string_view pattern,
                    std::function<Page(const PathParameters&, const Calls::Models&)> page) {
  routes.add("GET", pattern,
             [calls = std::move(calls), page = std::move(page), is_openai = pattern.starts_with("/v1")](
                 const HttpRequest& request, const PathParameters& parameters, ResponderPtr responder) {
               const AnswerContext context{std::move(responder), calls->request_id(request)};
               const auto models = calls->models_of(request);
               if (!models) {
                 return is_openai ? answer_openai_error(context, models.error())
                                  : answer_open_inference_error(context, models.error());
               }
               Page answer = page(parameters, *models);
               context.responder->respond(answer.status, "application/json", std::move(answer.body),
                                          {{"x-request-id", context.request_id}});
             });
}

}  // namespace troupe::gateway
