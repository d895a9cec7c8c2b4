#include "actors/gateway/http/calls.hpp"

#include <algorithm>
#include <charconv>

#include "actors/gateway/keyed_sink.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/observe/request_id.hpp"
#include "runtime/observe/trace_context.hpp"

namespace troupe::gateway {
namespace {

using http::HttpRequest;
using http::PathParameters;
using ResponderPtr = std::shared_ptr<http::HttpResponder>;

constexpr size_t unit_bytes_max = 256;
constexpr int64_t timeout_ms_most = 24LL * 3600 * 1000;

/// What a request shows as its API key.
std::optional<std::string_view> key_of(const HttpRequest& request) {
  if (const auto key = request.headers.find("x-api-key")) return key;
  const auto authorization = request.headers.find("authorization");
  constexpr std::string_view scheme = "bearer ";
  if (!authorization || authorization->size() <= scheme.size()) return std::nullopt;
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  if (!std::ranges::equal(authorization->substr(0, scheme.size()), scheme, same)) return std::nullopt;
  return authorization->substr(scheme.size());
}

/// A span of its own in the trace that the request is part of.
std::optional<observe::TraceContext> span_of(const HttpRequest& request, Random& random) {
  const auto field = request.headers.find("traceparent");
  const auto parent = field ? observe::parse_traceparent(*field) : std::nullopt;
  return parent ? std::optional(observe::make_child(*parent, random)) : std::nullopt;
}

/// The id goes wherever the request does, into logs too: there it is found by its trace.
std::string make_id(const HttpRequest& request, const std::optional<observe::TraceContext>& span, Random& random) {
  const auto id = request.headers.find("x-request-id");
  if (id && observe::check_request_id(*id)) return std::string(*id);
  return span ? fmt::format("{}-{}", span->trace_id, span->span_id) : observe::make_request_id(random);
}

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
  Random& random = scratch(request).random;
  return make_id(request, span_of(request, random), random);
}

Call Calls::open(const HttpRequest& request, ResponderPtr responder) const {
  Random& random = scratch(request).random;
  const auto span = span_of(request, random);
  Call call;
  call.answer.responder = std::move(responder);
  call.answer.request_id = make_id(request, span, random);
  call.answer.clock = front_end_.clock;
  call.answer.begun = front_end_.clock->now();
  if (span) call.answer.headers.emplace_back("traceresponse", observe::format_traceparent(*span));
  return call;
}

void Calls::add_quota(Call& call) const {
  if (!front_end_.keys) return;
  const auto quota = front_end_.keys->quota_of(call.key, front_end_.clock->now());
  if (!quota) return;
  http::HeaderList& headers = call.answer.headers;
  headers.emplace_back("x-ratelimit-limit-requests", std::to_string(quota->limit));
  headers.emplace_back("x-ratelimit-remaining-requests", std::to_string(quota->remaining));
  headers.emplace_back("x-ratelimit-reset-requests", fmt::format("{}ms", quota->reset.count()));
}

Result<Calls::Models> Calls::models_of(const HttpRequest& request) const {
  if (!front_end_.keys) return Models{};
  return front_end_.keys->models_of(key_of(request), front_end_.clock->wall());
}

Status Calls::read_headers(const HttpRequest& request, Call& call) const {
  call.key = key_of(request);
  if (const auto key = request.headers.find(idempotency_field)) {
    TROUPE_CHECK(check_idempotency_key(*key));
    call.idempotency_key = *key;
  }
  if (const auto models = models_of(request); !models) return fail(models.error());
  add_quota(call);
  if (const auto unit = request.headers.find("x-unit-id")) {
    if (unit->empty() || unit->size() > unit_bytes_max) {
      return fail_field("x-unit-id", "x-unit-id must have 1 to {} bytes, found {}", unit_bytes_max, unit->size());
    }
    call.unit = *unit;
  }
  if (const auto timeout = request.headers.find("x-request-timeout-ms")) {
    int64_t ms = 0;
    const auto [end, error] = std::from_chars(timeout->data(), timeout->data() + timeout->size(), ms);
    if (error != std::errc{} || end != timeout->data() + timeout->size() || ms < 1 || ms > timeout_ms_most) {
      return fail_field("x-request-timeout-ms",
                        "x-request-timeout-ms must be a number of milliseconds from 1 to {}, found \"{}\"",
                        timeout_ms_most, timeout->substr(0, 40));
    }
    call.deadline = front_end_.clock->now() + std::chrono::milliseconds(ms);
  }
  return {};
}

Status Calls::submit(Call& call, protocol::ServeRequest serve, std::shared_ptr<balancer::ResponseSink> sink) const {
  if (front_end_.keys) {
    TROUPE_TRY(KeyPass pass,
               front_end_.keys->admit(call.key, serve.model, front_end_.clock->now(), front_end_.clock->wall()));
    sink = hold_pass(std::move(sink), std::move(pass));
  }
  serve.request_id = call.answer.request_id;
  if (!call.unit.empty()) serve.unit = std::move(call.unit);
  const balancer::DispatchId id = front_end_.ids->next();
  std::shared_ptr<const RequestKey> key;
  if (!call.idempotency_key.empty()) {
    std::string scope = front_end_.keys ? front_end_.keys->id_of(call.key) : std::string();
    key = std::make_shared<const RequestKey>(std::move(scope), std::move(call.idempotency_key), fingerprint_of(serve));
  }
  TROUPE_CHECK(front_end_.door.submit({id, std::make_shared<const protocol::ServeRequest>(std::move(serve)),
                                       call.deadline, std::move(sink), std::move(key)}));
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
