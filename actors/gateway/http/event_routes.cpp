#include "actors/gateway/http/event_routes.hpp"

#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/http/event_request.hpp"
#include "actors/gateway/reported_outcomes.hpp"

namespace troupe::gateway {
namespace {

using ResponderPtr = std::shared_ptr<http::HttpResponder>;

void record(const Calls& calls, const http::HttpRequest& request, ResponderPtr responder) {
  const AnswerContext context{std::move(responder), calls.request_id(request)};
  const auto status = [&]() -> Status {
    // Whoever may ask a model may say how it did.
    TROUPE_CHECK(calls.models_of(request));
    const FrontEnd& front_end = calls.front_end();
    TROUPE_TRY(
        const std::vector<protocol::Event> events,
        parse_events_request(request.body, front_end.clock->wall(), calls.random(request), calls.parser(request)));
    return record_outcomes(front_end.events.get(), events, [context, count = events.size()](const Status& recorded) {
      if (!recorded) return answer_openai_error(context, recorded.error());
      context.responder->respond(200, "application/json", fmt::format(R"({{"recorded":{}}})", count),
                                 {{"x-request-id", context.request_id}});
    });
  }();
  if (!status) answer_openai_error(context, status.error());
}

}  // namespace

void add_event_routes(http::Routes& routes, const CallsPtr& calls) {
  routes.add("POST", "/v1/events",
             [calls](const http::HttpRequest& request, const http::PathParameters&, ResponderPtr responder) {
               record(*calls, request, std::move(responder));
             });
}

}  // namespace troupe::gateway
