#include "actors/gateway/grpc/rpc_methods.hpp"

#include <unordered_map>

#include "actors/gateway/grpc/health.hpp"
#include "actors/gateway/grpc/infer_calls.hpp"
#include "actors/gateway/grpc/load_calls.hpp"
#include "actors/gateway/grpc/page_messages.hpp"
#include "actors/gateway/router.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

constexpr size_t path_bytes_shown = 120;

/// Answers a call of one message by one, at once. The metadata is the client's.
using Answer =
    std::function<Result<std::string>(const FrontEnd&, const http::Headers& metadata, std::string_view message)>;

class UnaryCall final : public RpcHandler {
 public:
  UnaryCall(std::shared_ptr<const FrontEnd> front_end, std::shared_ptr<RpcCall> call, const Answer& answer)
      : front_end_(std::move(front_end)), call_(std::move(call)), answer_(answer) {
    call_->read();
  }

  void on_message(Bytes message) override {
    if (std::exchange(has_message_, true)) return;
    auto answer = answer_(*front_end_, call_->metadata(), message.view());
    if (!answer) return call_->fail(answer.error());
    ProtoPieces pieces;
    pieces.pieces.push_back(Bytes::own(std::move(*answer)));
    call_->send_last(std::move(pieces));
  }
  void on_end() override {
    if (!has_message_) call_->fail({Errc::invalid_argument, "the call has no message", {}, {}});
  }

 private:
  const std::shared_ptr<const FrontEnd> front_end_;
  const std::shared_ptr<RpcCall> call_;
  const Answer& answer_;  ///< Of the table of methods, which lives as long as the door.
  bool has_message_ = false;
};

/// A call that has been ended before anything of it was read.
class EndedCall final : public RpcHandler {
 public:
  void on_message(Bytes) override {}
  void on_end() override {}
};

/// ServerLiveResponse and ServerReadyResponse, and ModelReadyResponse.
std::string truth_message(bool value) {
  std::string out;
  put_bool(out, 1, value);
  return out;
}

/// A page about models that the key may see; `write` has the table (perhaps none), those models, and the question.
template <class Write>
Answer about_models(std::string_view request, Write write) {
  return [request, write](const FrontEnd& front_end, const http::Headers& metadata,
                          std::string_view message) -> Result<std::string> {
    TROUPE_TRY(const std::vector<std::string> allowed, models_of(front_end, metadata));
    TROUPE_TRY(const ModelQuestion question, read_model_question(request, message));
    return write(front_end, allowed, question);
  };
}

/// A page of one model. NAME@VERSION names a version too.
using ModelPage = Page (*)(const RoutingTable*, std::string_view, std::string_view);
Result<Page> page_of(ModelPage page, const FrontEnd& front_end, const std::vector<std::string>& allowed,
                     const ModelQuestion& question) {
  TROUPE_TRY(const ModelName name, parse_model_name(question.name));
  const auto table = front_end.routing->table();
  return page(may_use(allowed, name.model) ? table.get() : nullptr, name.model,
              name.version.empty() ? std::string_view(question.version) : name.version);
}

Answer model_page(std::string_view request, PageKind kind, ModelPage page) {
  return about_models(request,
                      [kind, page](const FrontEnd& front_end, const std::vector<std::string>& allowed,
                                   const ModelQuestion& question) -> Result<std::string> {
                        TROUPE_TRY(const Page made, page_of(page, front_end, allowed, question));
                        return write_page(kind, made);
                      });
}

Result<std::string> model_config(const FrontEnd& front_end, const std::vector<std::string>& allowed,
                                 const ModelQuestion& question) {
  TROUPE_TRY(const Page page, page_of(open_inference_model_config, front_end, allowed, question));
  TROUPE_TRY(const std::string config, write_page(PageKind::config, page));
  std::string out;
  put_element(out, 1, config);
  return out;
}

/// Triton says of a model that is not there that it isn't ready, and no more.
Result<std::string> model_ready(const FrontEnd& front_end, const std::vector<std::string>& allowed,
                                const ModelQuestion& question) {
  TROUPE_TRY(const Page page, page_of(open_inference_model_ready, front_end, allowed, question));
  return truth_message(page.status == 200);
}

Result<std::string> model_statistics(const FrontEnd& front_end, const std::vector<std::string>& allowed,
                                     const ModelQuestion& question) {
  const auto counted = front_end.metrics ? front_end.metrics->statistics() : std::vector<VersionStatistics>{};
  return write_page(PageKind::statistics, statistics_page(front_end.routing->table().get(), counted, allowed,
                                                          question.name, question.version));
}

Result<std::string> repository_index(const FrontEnd& front_end, const http::Headers& metadata,
                                     std::string_view message) {
  TROUPE_TRY(const std::vector<std::string> allowed, models_of(front_end, metadata));
  TROUPE_TRY(const bool ready_only, read_index_question(message));
  return write_page(PageKind::index, repository_index_page(front_end.routing->table().get(), allowed, ready_only));
}

std::unordered_map<std::string, Answer> make_answers() {
  const std::string service = fmt::format("/{}/", inference_service);
  std::unordered_map<std::string, Answer> answers;
  answers[service + "ServerLive"] = [](const FrontEnd&, const http::Headers&, std::string_view) {
    return Result<std::string>(truth_message(true));
  };
  answers[service + "ServerReady"] = [](const FrontEnd& front_end, const http::Headers&, std::string_view) {
    return Result<std::string>(truth_message(front_end.is_ready()));
  };
  answers[service + "ServerMetadata"] = [](const FrontEnd& front_end, const http::Headers&, std::string_view) {
    return write_page(PageKind::server, open_inference_server(front_end.software));
  };
  answers[service + "ModelReady"] = about_models("ModelReadyRequest", model_ready);
  answers[service + "ModelMetadata"] = model_page("ModelMetadataRequest", PageKind::model, open_inference_model);
  answers[service + "ModelConfig"] = about_models("ModelConfigRequest", model_config);
  answers[service + "ModelStatistics"] = about_models("ModelStatisticsRequest", model_statistics);
  answers[service + "RepositoryIndex"] = repository_index;
  answers["/grpc.health.v1.Health/Check"] = [](const FrontEnd& front_end, const http::Headers&,
                                               std::string_view message) { return check_health(front_end, message); };
  return answers;
}

/// Methods of the protocol that are not done here, and why.
std::unordered_map<std::string, std::string> make_refusals() {
  const std::string service = fmt::format("/{}/", inference_service);
  std::unordered_map<std::string, std::string> refusals;
  for (const char* kind : {"System", "Cuda"}) {
    for (const char* verb : {"Status", "Register", "Unregister"}) {
      refusals[fmt::format("{}{}SharedMemory{}", service, kind, verb)] =
          "shared memory is not supported: send tensors with the request";
    }
  }
  refusals[service + "TraceSetting"] =
      "trace settings are not supported: send a traceparent in the metadata to follow a request";
  refusals[service + "LogSettings"] = "log settings are not changed here; see `troupe logs`";
  return refusals;
}

}  // namespace

struct RpcMethods::Shared {
  explicit Shared(FrontEnd given)
      : front_end(std::make_shared<const FrontEnd>(std::move(given))), random(front_end->seed) {}

  CallIdentity identity_of(const http::Headers& metadata) const {
    const std::lock_guard lock(mutex);
    return identify(metadata, random);
  }

  const std::shared_ptr<const FrontEnd> front_end;
  const std::unordered_map<std::string, Answer> answers = make_answers();
  const std::unordered_map<std::string, std::string> refusals = make_refusals();
  mutable std::mutex mutex;
  mutable SeededRandom random;  ///< Guarded by mutex.
};

RpcMethods::RpcMethods(FrontEnd front_end) : shared_(std::make_shared<const Shared>(std::move(front_end))) {}

std::shared_ptr<RpcHandler> RpcMethods::open(std::string_view path, std::shared_ptr<RpcCall> call) const {
  const std::string key(path);
  const auto& front_end = shared_->front_end;
  if (path == "/inference.GRPCInferenceService/ModelInfer") {
    CallIdentity identity = shared_->identity_of(call->metadata());
    return make_infer_call(front_end, std::move(call), std::move(identity));
  }
  if (path == "/inference.GRPCInferenceService/ModelStreamInfer") {
    CallIdentity identity = shared_->identity_of(call->metadata());
    return make_infer_stream(front_end, std::move(call), std::move(identity));
  }
  for (const bool load : {true, false}) {
    constexpr std::string_view method = "/inference.GRPCInferenceService/RepositoryModel";
    if (path.starts_with(method) && path.substr(method.size()) == (load ? "Load" : "Unload"))
      return make_load_call(front_end, std::move(call), load);
  }
  if (path == "/grpc.health.v1.Health/Watch") return make_health_watch(front_end, std::move(call));
  if (const auto answer = shared_->answers.find(key); answer != shared_->answers.end())
    return std::make_shared<UnaryCall>(front_end, std::move(call), answer->second);
  const auto refusal = shared_->refusals.find(key);
  call->fail({Errc::unimplemented,
              refusal != shared_->refusals.end()
                  ? refusal->second
                  : fmt::format("there is no method {} here", observe::sanitize(path, path_bytes_shown)),
              {},
              {}});
  return std::make_shared<EndedCall>();
}

}  // namespace troupe::gateway
