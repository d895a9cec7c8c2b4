#include "actors/worker/echo_backend.hpp"

#include <algorithm>

#include "actors/worker/command_thread.hpp"

namespace troupe::worker {
namespace {

/// The wanted tensors of an echo, in the order asked for.
Result<protocol::InferResult> echo(const protocol::Infer& infer) {
  if (infer.outputs.empty()) return protocol::InferResult{infer.inputs};
  protocol::InferResult result;
  for (const std::string& name : infer.outputs) {
    const auto input =
        std::find_if(infer.inputs.begin(), infer.inputs.end(), [&](const auto& t) { return t.name == name; });
    if (input == infer.inputs.end())
      return fail_field("outputs", "output '{}' is not among the inputs, and an echo has no others", name);
    result.outputs.push_back(*input);
  }
  return result;
}

class EchoBackend final : public Backend {
 public:
  explicit EchoBackend(BackendEvents& events) : events_(events), thread_("echo", [] { return false; }) {}

  void load() override {
    thread_.push([this] {
      events_.on_loaded();
      events_.on_warm();
    });
  }

  void execute(std::vector<WorkItem> batch) override {
    thread_.push([this, batch = std::move(batch)] {
      for (const WorkItem& item : batch) answer(item);
    });
  }

  void cancel(WorkId) override {}  // An answer takes less time than a cancel.
  uint32_t slots() const override { return 1024; }

 private:
  void answer(const WorkItem& item) {
    const auto* infer = std::get_if<protocol::Infer>(&item.request->work);
    if (infer == nullptr) {
      events_.on_error(item.id,
                       {Errc::unimplemented, "the echo back end serves tensor inference only, not text", {}, {}});
      return;
    }
    auto result = echo(*infer);
    if (!result) {
      events_.on_error(item.id, result.error());
      return;
    }
    protocol::ResultPart part;
    part.content = std::move(*result);
    events_.on_part(item.id, std::move(part), true);
  }

  BackendEvents& events_;
  CommandThread thread_;
};

}  // namespace

std::unique_ptr<Backend> make_echo_backend(BackendEvents& events) {
  return std::make_unique<EchoBackend>(events);
}

}  // namespace troupe::worker
