#include "actors/gateway/http/gateway_handler.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "actors/gateway/http/answers.hpp"
#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/http/model_pages.hpp"
#include "actors/gateway/http/open_inference.hpp"
#include "actors/gateway/keyed_sink.hpp"
#include "actors/gateway/router.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/random.hpp"
#include "runtime/http/routes.hpp"
#include "runtime/observe/request_id.hpp"

namespace troupe::gateway {
namespace {

using http::HttpRequest;
using http::HttpResponder;
using http::PathParameters;
using ResponderPtr = std::shared_ptr<HttpResponder>;

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

/// The routes and what they share. Handlers run on the server's I/O threads; each has scratch of its own.
class GatewayRoutes {
 public:
  explicit GatewayRoutes(HttpFrontEnd front_end);

  void serve(const HttpRequest& request, ResponderPtr responder) const { routes_.serve(request, std::move(responder)); }

 private:
  struct Scratch {
    Scratch(uint64_t seed) : random(seed) {}
    JsonParser parser;
    SeededRandom random;
  };
  /// What the headers of an inference request say.
  struct Call {
    AnswerContext answer;
    std::string unit;
    std::optional<Time> deadline;
    std::optional<std::string> key;
    std::string idempotency_key;  ///< Empty: none.
  };
  using Models = std::vector<std::string>;  ///< Those that the key may use; empty = all.

  void add_pages();
  void add_page(std::string_view pattern, std::function<Page(const PathParameters&)> page);
  void add_model_page(std::string_view pattern, std::function<Page(const PathParameters&, const Models&)> page);
  void openai(OpenAiKind kind, const HttpRequest& request, ResponderPtr responder) const;
  void infer(const HttpRequest& request, const PathParameters& parameters, ResponderPtr responder) const;

  Scratch& scratch(const HttpRequest& request) const;
  std::string request_id(const HttpRequest& request) const;
  Status read_headers(const HttpRequest& request, Call& call) const;
  Status submit(Call& call, protocol::ServeRequest serve, std::shared_ptr<balancer::ResponseSink> sink) const;

  const HttpFrontEnd front_end_;
  std::vector<std::unique_ptr<Scratch>> scratch_;
  http::Routes routes_{gateway_error_body};
};

GatewayRoutes::GatewayRoutes(HttpFrontEnd front_end) : front_end_(std::move(front_end)) {
  for (unsigned i = 0; i < front_end_.io_threads; ++i) {
    scratch_.push_back(std::make_unique<Scratch>(front_end_.seed + i));
  }
  for (const auto& [path, kind] :
       {std::pair{"/v1/completions", OpenAiKind::completion}, std::pair{"/v1/chat/completions", OpenAiKind::chat}}) {
    routes_.add("POST", path,
                [this, kind = kind](const HttpRequest& request, const PathParameters&, ResponderPtr responder) {
                  openai(kind, request, std::move(responder));
                });
  }
  for (const char* path : {"/v2/models/{model}/infer", "/v2/models/{model}/versions/{version}/infer"}) {
    routes_.add("POST", path,
                [this](const HttpRequest& request, const PathParameters& parameters, ResponderPtr responder) {
                  infer(request, parameters, std::move(responder));
                });
  }
  add_pages();
}

void GatewayRoutes::add_page(std::string_view pattern, std::function<Page(const PathParameters&)> page) {
  routes_.add("GET", pattern,
              [this, page = std::move(page)](const HttpRequest& request, const PathParameters& parameters,
                                             ResponderPtr responder) {
                Page answer = page(parameters);
                responder->respond(answer.status, "application/json", std::move(answer.body),
                                   {{"x-request-id", request_id(request)}});
              });
}

/// One that only those with a key may see, where keys are required.
void GatewayRoutes::add_model_page(std::string_view pattern,
                                   std::function<Page(const PathParameters&, const Models&)> page) {
  routes_.add("GET", pattern,
              [this, page = std::move(page), is_openai = pattern.starts_with("/v1")](
                  const HttpRequest& request, const PathParameters& parameters, ResponderPtr responder) {
                const AnswerContext context{std::move(responder), request_id(request)};
                Result<Models> models = Models{};
                if (front_end_.keys) models = front_end_.keys->models_of(key_of(request), front_end_.clock->wall());
                if (!models) {
                  return is_openai ? answer_openai_error(context, models.error())
                                   : answer_open_inference_error(context, models.error());
                }
                Page answer = page(parameters, *models);
                context.responder->respond(answer.status, "application/json", std::move(answer.body),
                                           {{"x-request-id", context.request_id}});
              });
}

void GatewayRoutes::add_pages() {
  const auto board = front_end_.routing;
  const auto version_of = [](const PathParameters& p) { return p.size() > 1 ? std::string_view(p[1]) : ""; };
  for (const char* path : {"/health", "/livez"}) {
    add_page(path, [](const PathParameters&) { return Page{200, R"({"status":"ok"})"}; });
  }
  for (const char* path : {"/ready", "/readyz"}) {
    add_page(path, [board, keys = front_end_.keys](const PathParameters&) {
      return readiness(*board, keys == nullptr || keys->is_known());
    });
  }
  add_page("/v2", [software = front_end_.software](const PathParameters&) { return open_inference_server(software); });
  add_page("/v2/health/live", [](const PathParameters&) { return Page{200, R"({"live":true})"}; });
  add_page("/v2/health/ready", [board, keys = front_end_.keys](const PathParameters&) {
    const bool ready = board->is_ready() && (keys == nullptr || keys->is_known());
    return Page{ready ? 200 : 503, fmt::format(R"({{"ready":{}}})", ready)};
  });
  for (const char* path : {"/v2/models/{model}", "/v2/models/{model}/versions/{version}"}) {
    add_model_page(path, [board, version_of](const PathParameters& p, const Models& models) {
      if (!may_use(models, p[0])) return open_inference_model(nullptr, p[0], {});
      return open_inference_model(board->table().get(), p[0], version_of(p));
    });
    add_model_page(std::string(path) + "/ready", [board, version_of](const PathParameters& p, const Models& models) {
      if (!may_use(models, p[0])) return open_inference_model_ready(nullptr, p[0], {});
      return open_inference_model_ready(board->table().get(), p[0], version_of(p));
    });
  }
  add_model_page("/v1/models", [board](const PathParameters&, const Models& models) {
    return openai_model_list(board->table().get(), models);
  });
  add_model_page("/v1/models/{id}", [board](const PathParameters& p, const Models& models) {
    const bool may_see = may_use(models, std::string_view(p[0]).substr(0, p[0].find('@')));
    return openai_model(may_see ? board->table().get() : nullptr, p[0]);
  });
}

GatewayRoutes::Scratch& GatewayRoutes::scratch(const HttpRequest& request) const {
  TROUPE_ASSERT(request.io_thread < scratch_.size());
  return *scratch_[request.io_thread];
}

std::string GatewayRoutes::request_id(const HttpRequest& request) const {
  const auto id = request.headers.find("x-request-id");
  if (id && observe::check_request_id(*id)) return std::string(*id);
  return observe::make_request_id(scratch(request).random);
}

Status GatewayRoutes::read_headers(const HttpRequest& request, Call& call) const {
  call.key = key_of(request);
  if (const auto key = request.headers.find(idempotency_field)) {
    TROUPE_CHECK(check_idempotency_key(*key));
    call.idempotency_key = *key;
  }
  // Who may not ask at all is told before anything of the body is read.
  if (front_end_.keys) {
    TROUPE_TRY(const Models models, front_end_.keys->models_of(call.key, front_end_.clock->wall()));
    static_cast<void>(models);
  }
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

Status GatewayRoutes::submit(Call& call, protocol::ServeRequest serve,
                             std::shared_ptr<balancer::ResponseSink> sink) const {
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

void GatewayRoutes::openai(OpenAiKind kind, const HttpRequest& request, ResponderPtr responder) const {
  Call call{{std::move(responder), request_id(request)}, {}, {}, {}, {}};
  const auto status = [&]() -> Status {
    TROUPE_CHECK(read_headers(request, call));
    TROUPE_TRY(OpenAiRequest parsed, parse_openai_request(kind, request.body, scratch(request).parser));
    const int64_t created = unix_microseconds(front_end_.clock->wall()) / 1'000'000;
    const bool stream = std::get<protocol::Generate>(parsed.serve.work).stream;
    OpenAiAnswer answer(kind, call.answer.request_id, created, std::move(parsed.model), parsed.include_usage);
    return submit(call, std::move(parsed.serve), make_openai_sink(call.answer, std::move(answer), stream));
  }();
  if (!status) answer_openai_error(call.answer, status.error());
}

void GatewayRoutes::infer(const HttpRequest& request, const PathParameters& parameters, ResponderPtr responder) const {
  Call call{{std::move(responder), request_id(request)}, {}, {}, {}, {}};
  const auto status = [&]() -> Status {
    TROUPE_CHECK(read_headers(request, call));
    TROUPE_TRY(const ModelName name, parse_model_name(parameters[0]));
    if (parameters.size() > 1 && !name.version.empty()) {
      return fail_field("model", "the path names two versions, {} and {}", name.version, parameters[1]);
    }
    TROUPE_TRY(OpenInferenceRequest parsed, parse_open_inference_request(request.body, scratch(request).parser));
    protocol::ServeRequest serve;
    serve.model = name.model;
    serve.version = parameters.size() > 1 ? std::string_view(parameters[1]) : name.version;
    serve.work = std::move(parsed.infer);
    return submit(call, std::move(serve),
                  make_open_inference_sink(call.answer, std::string(name.model), std::move(parsed.id)));
  }();
  if (!status) answer_open_inference_error(call.answer, status.error());
}

}  // namespace

http::Handler make_gateway_handler(HttpFrontEnd front_end) {
  const auto routes = std::make_shared<GatewayRoutes>(std::move(front_end));
  return [routes](const HttpRequest& request, ResponderPtr responder) { routes->serve(request, std::move(responder)); };
}

}  // namespace troupe::gateway
