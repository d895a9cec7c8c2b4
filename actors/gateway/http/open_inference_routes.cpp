#include "actors/gateway/http/open_inference_routes.hpp"

#include <charconv>

#include "actors/gateway/http/open_inference_answers.hpp"
#include "actors/gateway/http/text_inference.hpp"
#include "actors/gateway/router.hpp"

namespace troupe::gateway {
namespace {

using http::HttpRequest;
using http::PathParameters;
using ResponderPtr = std::shared_ptr<http::HttpResponder>;

constexpr std::string_view json_length_field = "inference-header-content-length";

/// Both ways in which a path names a model.
constexpr std::array<std::string_view, 2> model_paths{"/v2/models/{model}", "/v2/models/{model}/versions/{version}"};

std::string_view version_of(const PathParameters& parameters) {
  return parameters.size() > 1 ? std::string_view(parameters[1]) : std::string_view{};
}

/// What the path asks: {model}, which may be NAME@VERSION, and perhaps {version}.
Result<ModelName> model_of(const PathParameters& parameters) {
  TROUPE_TRY(ModelName name, parse_model_name(parameters[0]));
  const std::string_view version = version_of(parameters);
  if (!version.empty() && !name.version.empty()) {
    return fail_field("model", "the path names two versions, {} and {}", name.version, version);
  }
  if (!version.empty()) name.version = version;
  return name;
}

/// How much of the body is JSON; the rest is binary data. None: all of it is, as no field says otherwise.
Result<std::optional<size_t>> json_length(const HttpRequest& request) {
  const auto field = request.headers.find(json_length_field);
  if (!field) return std::nullopt;
  size_t bytes = 0;
  const auto [end, error] = std::from_chars(field->data(), field->data() + field->size(), bytes);
  if (error != std::errc{} || end != field->data() + field->size() || bytes > request.body.size()) {
    return fail_field(std::string(json_length_field), "{} must be a number up to the body's {} bytes, found \"{}\"",
                      json_length_field, request.body.size(), field->substr(0, 40));
  }
  if (bytes == 0) {
    return fail(Error{Errc::unimplemented,
                      fmt::format("{} is 0: a body without JSON is not supported; name inputs in JSON before the data",
                                  json_length_field),
                      std::string(json_length_field),
                      {}});
  }
  return bytes;
}

/// Tensors of binary data share the body's memory, which leaves the connection for that.
Result<OpenInferenceRequest> read_inference(HttpRequest& request, JsonParser& parser) {
  TROUPE_TRY(const std::optional<size_t> json_bytes, json_length(request));
  if (!json_bytes || *json_bytes == request.body.size()) return parse_open_inference_request(request.body, parser);
  const Bytes body = Bytes::own(std::move(request.body));
  return parse_open_inference_request(body.view().substr(0, *json_bytes), parser,
                                      body.slice(*json_bytes, body.size() - *json_bytes));
}

void infer(const Calls& calls, HttpRequest& request, const PathParameters& parameters, ResponderPtr responder) {
  Call call = calls.open(request, std::move(responder));
  const auto status = [&]() -> Status {
    TROUPE_CHECK(calls.read_headers(request, call));
    TROUPE_TRY(const ModelName name, model_of(parameters));
    TROUPE_TRY(OpenInferenceRequest parsed, read_inference(request, calls.parser(request)));
    if (parsed.timeout) {
      const Time deadline = calls.front_end().clock->now() + *parsed.timeout;
      call.deadline = std::min(call.deadline.value_or(deadline), deadline);
    }
    protocol::ServeRequest serve;
    serve.model = name.model;
    serve.version = name.version;
    serve.work = std::move(parsed.infer);
    return calls.submit(
        call, std::move(serve),
        make_open_inference_sink(call.answer, std::string(name.model), std::move(parsed.id), std::move(parsed.binary)));
  }();
  if (!status) answer_open_inference_error(call.answer, status.error());
}

void generate(const Calls& calls, bool stream, const HttpRequest& request, const PathParameters& parameters,
              ResponderPtr responder) {
  Call call = calls.open(request, std::move(responder));
  const auto status = [&]() -> Status {
    TROUPE_CHECK(calls.read_headers(request, call));
    TROUPE_TRY(const ModelName name, model_of(parameters));
    TROUPE_TRY(TextInferenceRequest parsed, parse_text_inference_request(request.body, stream, calls.parser(request)));
    protocol::ServeRequest serve;
    serve.model = name.model;
    serve.version = name.version;
    serve.work = std::move(parsed.generate);
    return calls.submit(call, std::move(serve),
                        make_text_inference_sink(call.answer, std::string(name.model), std::move(parsed.id), stream));
  }();
  if (!status) answer_open_inference_error(call.answer, status.error());
}

void repository_index(const Calls& calls, const HttpRequest& request, ResponderPtr responder) {
  const AnswerContext context{std::move(responder), calls.request_id(request)};
  const auto status = [&]() -> Status {
    TROUPE_TRY(const Calls::Models models, calls.models_of(request));
    TROUPE_TRY(const bool ready_only, parse_repository_index_request(request.body, calls.parser(request)));
    Page page = repository_index_page(calls.front_end().routing->table().get(), models, ready_only);
    context.responder->respond(page.status, "application/json", std::move(page.body),
                               {{"x-request-id", context.request_id}});
    return {};
  }();
  if (!status) answer_open_inference_error(context, status.error());
}

/// Answers when a replica takes requests, or when none does any more.
void change_load(const Calls& calls, bool load, const HttpRequest& request, const PathParameters& parameters,
                 ResponderPtr responder) {
  const AnswerContext context{std::move(responder), calls.request_id(request)};
  const auto done = [context](const Status& changed) {
    if (!changed) return answer_open_inference_error(context, changed.error());
    context.responder->respond(200, "application/json", "{}", {{"x-request-id", context.request_id}});
  };
  const auto name = parse_model_name(parameters[0]);
  if (!name) return done(fail(name.error()));
  protocol::ChangeLoad wish{std::string(name->model), std::string(name->version), load, {}};
  if (const Status sound = check_load_request(request.body, load, calls.parser(request)); !sound) return done(sound);
  gateway::change_load(calls.front_end(), request.headers, std::move(wish), done);
}

/// 501, and why.
void refuse(http::Routes& routes, const CallsPtr& calls, std::string_view method, std::string_view pattern,
            std::string_view why) {
  routes.add(method, pattern, [calls, why](const HttpRequest& request, const PathParameters&, ResponderPtr responder) {
    answer_open_inference_error({std::move(responder), calls->request_id(request)},
                                {Errc::unimplemented, std::string(why), {}, {}});
  });
}

void add_refusals(http::Routes& routes, const CallsPtr& calls) {
  for (const char* kind : {"system", "cuda"}) {
    const std::string base = fmt::format("/v2/{}sharedmemory", kind);
    constexpr std::string_view why = "shared memory is not supported: send tensors with the request";
    for (const char* status : {"/status", "/region/{region}/status"}) {
      refuse(routes, calls, "GET", base + status, why);
    }
    for (const char* verb : {"/region/{region}/register", "/region/{region}/unregister", "/unregister"}) {
      refuse(routes, calls, "POST", base + verb, why);
    }
  }
  for (const char* method : {"GET", "POST"}) {
    constexpr std::string_view no_traces = "trace settings are not supported: send a traceparent header to follow one";
    refuse(routes, calls, method, "/v2/trace/setting", no_traces);
    refuse(routes, calls, method, "/v2/models/{model}/trace/setting", no_traces);
    refuse(routes, calls, method, "/v2/logging", "log settings are not changed here; see `troupe logs`");
  }
}

void add_server_pages(http::Routes& routes, const CallsPtr& calls) {
  const auto& front_end = calls->front_end();
  add_page(routes, calls, "/v2",
           [software = front_end.software](const PathParameters&) { return open_inference_server(software); });
  add_page(routes, calls, "/v2/health/live", [](const PathParameters&) { return Page{200, R"({"live":true})"}; });
  add_page(routes, calls, "/v2/health/ready", [calls](const PathParameters&) {
    const bool ready = calls->front_end().is_ready();
    return Page{ready ? 200 : 503, fmt::format(R"({{"ready":{}}})", ready)};
  });
}

void add_model_pages(http::Routes& routes, const CallsPtr& calls) {
  using ModelPage = Page (*)(const RoutingTable*, std::string_view, std::string_view);
  const auto board = calls->front_end().routing;
  const auto metrics = calls->front_end().metrics;
  const auto statistics = [metrics] { return metrics ? metrics->statistics() : std::vector<VersionStatistics>{}; };
  add_model_page(routes, calls, "/v2/models/stats", [board, statistics](const PathParameters&, const Calls::Models& m) {
    return statistics_page(board->table().get(), statistics(), m, {}, {});
  });
  for (const std::string_view path : model_paths) {
    const auto add = [&](std::string_view suffix, ModelPage page) {
      add_model_page(routes, calls, fmt::format("{}{}", path, suffix),
                     [board, page](const PathParameters& p, const Calls::Models& models) {
                       const auto table = board->table();
                       return page(may_use(models, p[0]) ? table.get() : nullptr, p[0], version_of(p));
                     });
    };
    add("", open_inference_model);
    add("/ready", open_inference_model_ready);
    add("/config", open_inference_model_config);
    add_model_page(routes, calls, fmt::format("{}/stats", path),
                   [board, statistics](const PathParameters& p, const Calls::Models& models) {
                     return statistics_page(board->table().get(), statistics(), models, p[0], version_of(p));
                   });
  }
}

}  // namespace

void add_open_inference_routes(http::Routes& routes, const CallsPtr& calls) {
  for (const std::string_view path : model_paths) {
    routes.add("POST", fmt::format("{}/infer", path),
               [calls](HttpRequest& request, const PathParameters& parameters, ResponderPtr responder) {
                 infer(*calls, request, parameters, std::move(responder));
               });
    for (const bool stream : {false, true}) {
      routes.add("POST", fmt::format("{}/generate{}", path, stream ? "_stream" : ""),
                 [calls, stream](HttpRequest& request, const PathParameters& parameters, ResponderPtr responder) {
                   generate(*calls, stream, request, parameters, std::move(responder));
                 });
    }
  }
  for (const char* method : {"GET", "POST"}) {
    routes.add(method, "/v2/repository/index",
               [calls](HttpRequest& request, const PathParameters&, ResponderPtr responder) {
                 repository_index(*calls, request, std::move(responder));
               });
  }
  for (const bool load : {true, false}) {
    routes.add("POST", fmt::format("/v2/repository/models/{{model}}/{}", load ? "load" : "unload"),
               [calls, load](HttpRequest& request, const PathParameters& parameters, ResponderPtr responder) {
                 change_load(*calls, load, request, parameters, std::move(responder));
               });
  }
  add_server_pages(routes, calls);
  add_model_pages(routes, calls);
  add_refusals(routes, calls);
}

}  // namespace troupe::gateway
