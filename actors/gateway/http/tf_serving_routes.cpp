#include "actors/gateway/http/tf_serving_routes.hpp"

#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/http/http_sink.hpp"
#include "actors/gateway/http/tf_serving.hpp"
#include "actors/gateway/router.hpp"

namespace troupe::gateway {
namespace {

using http::HttpRequest;
using http::PathParameters;
using ResponderPtr = std::shared_ptr<http::HttpResponder>;

constexpr std::string_view verbs = "predict, classify or regress";

/// What a path asks for, in what stands behind its last ':'.
struct Target {
  std::string_view name;  ///< Before it.
  TfVerb verb = TfVerb::predict;
};

Result<Target> parse_target(std::string_view segment) {
  const size_t colon = segment.rfind(':');
  if (colon == segment.npos) {
    return fail(Errc::not_found, "there is nothing to POST at {}; did you mean {}:predict?", segment, segment);
  }
  const std::string_view verb = segment.substr(colon + 1);
  Target target{segment.substr(0, colon)};
  if (verb == "classify") {
    target.verb = TfVerb::classify;
  } else if (verb == "regress") {
    target.verb = TfVerb::regress;
  } else if (verb != "predict") {
    return fail(Errc::not_found, "there is no :{}; a model's verb is {}", verb.substr(0, 40), verbs);
  }
  return target;
}

/// Only labels stand in a path of labels: a version does not. What the client may not see (`table` is nullptr then) is
/// refused elsewhere.
Status check_label(const RoutingTable* table, std::string_view model, std::string_view label) {
  const protocol::RoutedModel* const known = table == nullptr ? nullptr : table->find(model);
  if (known == nullptr || known->labels.contains(std::string(label))) return {};
  return fail(Error{Errc::not_found,
                    fmt::format("model {} has no label {}; `troupe model promote {}@VERSION --label {}` makes it",
                                model, label, model, label),
                    "model",
                    {}});
}

struct TfAnswer {
  static constexpr bool is_stream = false;
  AnswerContext context;
  TfVerb verb;
  TfFormat format;

  void part(const protocol::ResultPart& part, bool) const {
    const auto* content = std::get_if<protocol::InferResult>(&part.content);
    if (content == nullptr) return error(wrong_kind("tensors"));
    auto body = format_tf_answer(*content, verb, format);
    if (!body) return error(body.error());
    context.responder->respond(200, "application/json", std::move(*body), answer_headers(context, part));
  }
  void error(const Error& failure) const { answer_open_inference_error(context, failure); }
};

enum class PathKind : uint8_t { model, version, label };

/// {model}:verb, {model}/versions/{version}:verb or {model}/labels/{label}:verb.
Result<Target> locate(PathKind kind, const PathParameters& parameters, protocol::ServeRequest& serve) {
  TROUPE_TRY(const Target target, parse_target(parameters.back()));
  TROUPE_TRY(const ModelName name, parse_model_name(kind == PathKind::model ? target.name : parameters[0]));
  if (kind != PathKind::model && !name.version.empty()) {
    return fail_field("model", "the path names two versions, {} and {}", name.version, target.name);
  }
  serve.model = name.model;
  serve.version = kind == PathKind::model ? name.version : target.name;
  return target;
}

/// Valid as long as the table.
const std::vector<protocol::TensorSpec>& declared_inputs(const RoutingTable* table,
                                                         const protocol::ServeRequest& serve) {
  static const std::vector<protocol::TensorSpec> none;
  const protocol::RoutedModel* const model = table == nullptr ? nullptr : table->find(serve.model);
  const protocol::ModelInterface* const known = model == nullptr ? nullptr : interface_of(*model, serve.version);
  return known == nullptr ? none : known->inputs;
}

void serve_tf(const Calls& calls, PathKind kind, const HttpRequest& request, const PathParameters& parameters,
              ResponderPtr responder) {
  Call call = calls.open(request, std::move(responder));
  const auto status = [&]() -> Status {
    TROUPE_CHECK(calls.read_headers(request, call));
    protocol::ServeRequest serve;
    TROUPE_TRY(const Target target, locate(kind, parameters, serve));
    const auto table = calls.front_end().routing->table();
    if (kind == PathKind::label) {
      TROUPE_TRY(const Calls::Models models, calls.models_of(request));
      TROUPE_CHECK(check_label(may_use(models, serve.model) ? table.get() : nullptr, serve.model, serve.version));
    }
    TROUPE_TRY(TfRequest parsed,
               parse_tf_request(target.verb, request.body, calls.parser(request), declared_inputs(table.get(), serve)));
    serve.work = std::move(parsed.infer);
    return calls.submit(call, std::move(serve),
                        std::make_shared<HttpSink<TfAnswer>>(TfAnswer{call.answer, parsed.verb, parsed.format}));
  }();
  if (status) return;
  const bool has_verb = request.path().find(':') != std::string_view::npos;
  has_verb ? answer_open_inference_error(call.answer, status.error())
           : answer_openai_error(call.answer, status.error());
}

template <Page (*page)(const RoutingTable*, std::string_view, std::string_view)>
Page label_page(const RoutingTable* table, std::string_view model, std::string_view label) {
  const Status known = check_label(table, model, label);
  if (!known) return {http_status(known.error()), openai_error_body(known.error())};
  return page(table, model, label);
}

void add_pages(http::Routes& routes, const CallsPtr& calls) {
  using ModelPage = Page (*)(const RoutingTable*, std::string_view, std::string_view);
  const auto add = [&](std::string_view pattern, ModelPage page) {
    add_model_page(routes, calls, pattern,
                   [board = calls->front_end().routing, page](const PathParameters& p, const Calls::Models& models) {
                     const auto table = board->table();
                     return page(may_use(models, p[0]) ? table.get() : nullptr, p[0],
                                 p.size() > 1 ? std::string_view(p[1]) : "");
                   });
  };
  add("/v1/models/{model}/metadata", tf_metadata);
  add("/v1/models/{model}/versions/{version}", tf_version);
  add("/v1/models/{model}/versions/{version}/metadata", tf_metadata);
  add("/v1/models/{model}/labels/{label}", label_page<tf_version>);
  add("/v1/models/{model}/labels/{label}/metadata", label_page<tf_metadata>);
}

}  // namespace

void add_tf_serving_routes(http::Routes& routes, const CallsPtr& calls) {
  for (const auto& [pattern, kind] : {std::pair{"/v1/models/{model}", PathKind::model},
                                      std::pair{"/v1/models/{model}/versions/{version}", PathKind::version},
                                      std::pair{"/v1/models/{model}/labels/{label}", PathKind::label}}) {
    routes.add(
        "POST", pattern,
        [calls, kind = kind](const HttpRequest& request, const PathParameters& parameters, ResponderPtr responder) {
          serve_tf(*calls, kind, request, parameters, std::move(responder));
        });
  }
  add_pages(routes, calls);
}

}  // namespace troupe::gateway
