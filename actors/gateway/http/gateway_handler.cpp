#include "actors/gateway/http/gateway_handler.hpp"

#include "actors/gateway/http/calls.hpp"
#include "actors/gateway/http/encoder_routes.hpp"
#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/http/event_routes.hpp"
#include "actors/gateway/http/model_pages.hpp"
#include "actors/gateway/http/open_inference_routes.hpp"
#include "actors/gateway/http/tf_serving_routes.hpp"
#include "actors/gateway/http/websocket_door.hpp"
#include "runtime/http/routes.hpp"

namespace troupe::gateway {
namespace {

using http::HttpRequest;
using http::PathParameters;
using ResponderPtr = std::shared_ptr<http::HttpResponder>;

void serve_openai(const Calls& calls, OpenAiKind kind, const HttpRequest& request, ResponderPtr responder) {
  Call call = calls.open(request, std::move(responder));
  const auto status = [&]() -> Status {
    TROUPE_CHECK(calls.read_headers(request, call));
    TROUPE_TRY(OpenAiRequest parsed, parse_openai_request(kind, request.body, calls.parser(request)));
    const int64_t created = unix_microseconds(calls.front_end().clock->wall()) / 1'000'000;
    const bool stream = std::get<protocol::Generate>(parsed.serve.work).stream;
    OpenAiAnswer answer(kind, call.answer.request_id, created, std::move(parsed.model), parsed.include_usage);
    return calls.submit(call, std::move(parsed.serve), make_openai_sink(call.answer, std::move(answer), stream));
  }();
  if (!status) answer_openai_error(call.answer, status.error());
}

void add_openai_routes(http::Routes& routes, const CallsPtr& calls) {
  for (const auto& [path, kind] :
       {std::pair{"/v1/completions", OpenAiKind::completion}, std::pair{"/v1/chat/completions", OpenAiKind::chat}}) {
    routes.add("POST", path,
               [calls, kind = kind](const HttpRequest& request, const PathParameters&, ResponderPtr responder) {
                 serve_openai(*calls, kind, request, std::move(responder));
               });
  }
  const auto board = calls->front_end().routing;
  add_model_page(routes, calls, "/v1/models", [board](const PathParameters&, const Calls::Models& models) {
    return openai_model_list(board->table().get(), models);
  });
  add_model_page(routes, calls, "/v1/models/{id}", [board](const PathParameters& p, const Calls::Models& models) {
    const bool may_see = may_use(models, std::string_view(p[0]).substr(0, p[0].find('@')));
    return openai_model(may_see ? board->table().get() : nullptr, p[0]);
  });
}

void add_health_routes(http::Routes& routes, const CallsPtr& calls) {
  for (const char* path : {"/health", "/livez"}) {
    add_page(routes, calls, path, [](const PathParameters&) { return Page{200, R"({"status":"ok"})"}; });
  }
  for (const char* path : {"/ready", "/readyz"}) {
    add_page(routes, calls, path,
             [board = calls->front_end().routing, keys = calls->front_end().keys](const PathParameters&) {
               return readiness(*board, keys == nullptr || keys->is_known());
             });
  }
}

}  // namespace

http::Handler make_gateway_handler(HttpFrontEnd front_end) {
  const auto calls = std::make_shared<const Calls>(std::move(front_end));
  const auto routes = std::make_shared<http::Routes>(gateway_error_body);
  add_openai_routes(*routes, calls);
  add_encoder_routes(*routes, calls);
  add_event_routes(*routes, calls);
  add_open_inference_routes(*routes, calls);
  add_tf_serving_routes(*routes, calls);
  add_health_routes(*routes, calls);
  add_websocket_route(*routes, calls, [weak = std::weak_ptr(routes)](HttpRequest& request, ResponderPtr responder) {
    if (const auto same = weak.lock()) same->serve(request, std::move(responder));
  });
  return [routes](HttpRequest& request, ResponderPtr responder) { routes->serve(request, std::move(responder)); };
}

}  // namespace troupe::gateway
