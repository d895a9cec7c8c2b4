#include "cluster/cli/model_trial.hpp"

#include <atomic>
#include <future>

#include "actors/worker/replica.hpp"
#include "cluster/cli/tensor_text.hpp"
#include "cluster/node/python.hpp"
#include "cluster/spec/documents.hpp"
#include "cluster/spec/records.hpp"
#include "storage/model_store.hpp"

namespace troupe::cli {
namespace {

constexpr worker::WorkId only{1};

/// What became of the one back end, and of the one request to it. Told on the back end's threads.
class Outcome final : public worker::BackendEvents {
 public:
  void on_loaded() override {}
  void on_warm() override { settle(warm_, std::string()); }
  void on_failed(const Error& error) override {
    settle(warm_, fail(error));
    settle(answered_, fail(error));
  }
  void on_part(worker::WorkId, protocol::ResultPart part, bool last) override {
    if (const auto* text = std::get_if<protocol::TextPart>(&part.content)) text_ += text->text;
    if (const auto* result = std::get_if<protocol::InferResult>(&part.content))
      for (const protocol::Tensor& tensor : result->outputs)
        text_ += (text_.empty() ? "" : "\n") + format_tensor(tensor);
    if (last) settle(answered_, text_);
  }
  void on_error(worker::WorkId, const Error& error) override { settle(answered_, fail(error)); }

  Status warm(Clock& clock, Time until) {
    const auto warm = wait(warm_, clock, until, "it is not warm");
    return warm ? Status{} : fail(warm.error());
  }
  Result<std::string> answer(Clock& clock, Time until) { return wait(answered_, clock, until, "it has not answered"); }

 private:
  struct Event {
    std::promise<Result<std::string>> promise;
    std::atomic<bool> is_set{false};
  };

  static void settle(Event& event, Result<std::string> result) {
    if (!event.is_set.exchange(true)) event.promise.set_value(std::move(result));
  }
  static Result<std::string> wait(Event& event, Clock& clock, Time until, const char* what) {
    auto result = event.promise.get_future();
    if (result.wait_for(until - clock.now()) == std::future_status::ready) return result.get();
    return fail(Errc::deadline_exceeded, "{} in time; --load-timeout gives it more", what);
  }

  Event warm_;
  Event answered_;
  std::string text_;
};

/// With the settings that a deployment has where it says nothing.
Result<protocol::ReplicaSpec> spec_of(const Trial& trial) {
  cluster::DeploymentDocument document;
  document.name = "trial";
  document.model = trial.name + "@" + trial.version;
  TROUPE_TRY(const cluster::DeploymentRecord record, cluster::to_record(document, 1, 0, trial.metadata));
  protocol::ReplicaSpec spec;
  spec.id = ReplicaId{1};
  spec.deployment = record.name;
  spec.model = record.model;
  spec.version = record.version;
  spec.folder = trial.folder.string();
  spec.backend = record.backend;
  spec.entry = record.entry;
  spec.engine = record.engine;
  spec.batching = record.batching;
  return spec;
}

Result<std::shared_ptr<worker::ChildHost>> make_children(const std::filesystem::path& scratch,
                                                         const std::filesystem::path& package, Clock& clock) {
  worker::ChildHostOptions options;
  options.run_folder = scratch / "run";
  options.log_folder = scratch / "logs";
  options.program = [package](const protocol::ReplicaSpec& spec) {
    if (spec.backend == protocol::BackendKind::python) return worker::python_program(spec, package);
    return worker::own_backend_program();
  };
  return worker::ChildHost::make(std::move(options), clock);
}

}  // namespace

Result<std::string> try_out(const Trial& trial, const std::filesystem::path& scratch, Clock& clock) {
  TROUPE_CHECK(storage::verify_model_folder(trial.folder));
  TROUPE_TRY(const protocol::ReplicaSpec spec, spec_of(trial));
  cluster::NodeOptions node;
  node.data_dir = scratch;
  const worker::PythonOptions python = cluster::python_options(node);
  TROUPE_TRY(const auto children, make_children(scratch, python.package, clock));
  Outcome outcome;
  const Time until = clock.now() + trial.patience;
  TROUPE_TRY(const auto backend, worker::make_backend(children, clock, python)(spec, outcome));
  backend->load();
  TROUPE_CHECK(outcome.warm(clock, until));
  auto request = std::make_shared<protocol::ServeRequest>();
  request->request_id = "trial";
  request->model = trial.name;
  request->version = trial.version;
  std::visit([&](const auto& work) { request->work = work; }, trial.work);
  backend->execute({{only, std::move(request), until}});
  return outcome.answer(clock, until);
}

}  // namespace troupe::cli
