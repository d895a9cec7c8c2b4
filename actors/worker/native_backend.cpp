#include "actors/worker/native_backend.hpp"

#include <unordered_map>

#include "actors/worker/command_thread.hpp"
#include "actors/worker/stream_budget.hpp"
#include "gpu/engine/text_engine.hpp"

namespace troupe::worker {
namespace {

/// The longest step is reckoned from the warm-up's: as much longer as a full step has more tokens, and a margin for
/// attention over long contexts and for a machine that is busy.
constexpr int64_t step_margin = 4;
constexpr Duration step_floor = std::chrono::seconds{1};
constexpr Duration step_ceiling = std::chrono::minutes{10};

gpu::GenerateInput to_engine(const protocol::Generate& generate) {
  gpu::GenerateInput input;
  if (const auto* text = std::get_if<protocol::PlainText>(&generate.prompt)) {
    input.prompt = text->text;
  } else if (const auto* conversation = std::get_if<protocol::Conversation>(&generate.prompt)) {
    std::vector<gpu::ChatMessage> messages;
    for (const protocol::ChatMessage& message : conversation->messages)
      messages.push_back({message.role, message.content});
    input.prompt = std::move(messages);
  } else {
    input.prompt = std::get<protocol::TokenIds>(generate.prompt).ids;
  }
  const protocol::Sampling& sampling = generate.sampling;
  input.sampling.temperature = static_cast<float>(sampling.temperature);
  input.sampling.top_p = static_cast<float>(sampling.top_p);
  input.sampling.top_k = static_cast<int32_t>(sampling.top_k);
  input.sampling.seed = sampling.seed.value_or(0);
  input.sampling.max_tokens = static_cast<int32_t>(sampling.max_tokens);
  input.sampling.stop = sampling.stop;
  return input;
}

protocol::FinishReason to_protocol(gpu::FinishReason finish) {
  switch (finish) {
    case gpu::FinishReason::stop:
      return protocol::FinishReason::stop;
    case gpu::FinishReason::length:
      return protocol::FinishReason::length;
    case gpu::FinishReason::none:
    case gpu::FinishReason::cancelled:
    case gpu::FinishReason::failed:
      break;
  }
  return protocol::FinishReason::none;
}

class NativeBackend final : public Backend {
 public:
  NativeBackend(const protocol::ReplicaSpec& spec, std::function<Status()> verify, const Clock& clock,
                BackendEvents& events)
      : folder_(spec.folder),
        spec_(spec.engine),
        verify_(std::move(verify)),
        clock_(clock),
        events_(events),
        thread_("engine " + spec.model, [this] { return step(); }) {}

  void load() override {
    thread_.push([this] {
      if (const Status loaded = load_engine(); !loaded) events_.on_failed(loaded.error());
    });
  }

  void execute(std::vector<WorkItem> batch) override {
    thread_.push([this, batch = std::move(batch)] {
      const StepMeter::Step measured(meter_);
      for (const WorkItem& item : batch) submit(item);
    });
  }

  void cancel(WorkId id) override {
    thread_.push([this, id] {
      if (work_.erase(id.value) > 0) engine_->cancel(id.value);
    });
  }

  /// Only lets out what waits: a slow reader does not keep its sequence, and the memory of that, in the engine.
  void credit(WorkId id, uint64_t bytes) override {
    thread_.push([this, id, bytes] {
      const auto found = work_.find(id.value);
      if (found == work_.end()) return;
      found->second.budget.add(bytes);
      send_text(id, found->second);
    });
  }

  uint32_t slots() const override { return spec_.sequences_max; }
  StepProgress progress() const override { return meter_.read(); }
  Duration longest_step() const override { return Duration{longest_step_.load(std::memory_order_relaxed)}; }

 private:
  struct Work {
    bool stream = false;
    StreamBudget budget;
    std::string text;  ///< Collected while not streaming, and while there is no credit; at most one whole answer.
  };

  Status load_engine() {
    TROUPE_CHECK(verify_());
    const gpu::EngineOptions options{.max_sequences = spec_.sequences_max,
                                     .max_waiting = spec_.sequences_max,
                                     .tokens_per_step = spec_.step_tokens_max,
                                     .kv_cache_bytes = ByteCount{spec_.kv_cache_bytes},
                                     .threads = spec_.threads};
    TROUPE_TRY(engine_, gpu::TextEngine::load(folder_, options));
    events_.on_loaded();
    const Time begun = clock_.now();
    TROUPE_CHECK(engine_->warm_up());
    const int64_t full_steps = spec_.step_tokens_max / gpu::warm_up_tokens + 1;
    longest_step_ =
        std::clamp<Duration>((clock_.now() - begun) * full_steps * step_margin, step_floor, step_ceiling).count();
    events_.on_warm();
    return {};
  }

  void submit(const WorkItem& item) {
    const auto* generate = std::get_if<protocol::Generate>(&item.request->work);
    if (generate == nullptr) {
      events_.on_error(item.id,
                       {Errc::unimplemented, "this model generates text; it does not serve tensor inference", {}, {}});
      return;
    }
    if (const Status submitted = engine_->submit(item.id.value, to_engine(*generate)); !submitted) {
      events_.on_error(item.id, submitted.error());
      return;
    }
    work_[item.id.value] = Work{generate->stream, StreamBudget(item.credit), {}};
  }

  /// One forward over everything inside. When there is more to do.
  Time step() {
    if (!engine_ || engine_->idle()) return CommandThread::never;
    const StepMeter::Step measured(meter_);
    for (gpu::SequenceEvent& event : engine_->step()) emit(event);
    return engine_->idle() ? CommandThread::never : CommandThread::at_once;
  }

  void emit(gpu::SequenceEvent& event) {
    const auto found = work_.find(event.id);
    if (found == work_.end()) return;
    const WorkId id{event.id};
    if (event.error) {
      work_.erase(found);
      events_.on_error(id, *event.error);
      return;
    }
    Work& work = found->second;
    const bool last = event.finish != gpu::FinishReason::none;
    work.text += event.text;
    if (!last) return send_text(id, work);
    protocol::ResultPart part;
    part.content = protocol::TextPart{
        std::move(work.text), to_protocol(event.finish), {event.prompt_tokens, event.completion_tokens}};
    work_.erase(found);
    events_.on_part(id, std::move(part), true);
  }

  /// What there is so far, where the client wants it in parts and takes one more.
  void send_text(WorkId id, Work& work) {
    if (!work.stream || work.text.empty() || !work.budget.may_send()) return;
    protocol::ResultPart part;
    part.content = protocol::TextPart{std::exchange(work.text, {}), protocol::FinishReason::none, {}};
    work.budget.sent(part);
    events_.on_part(id, std::move(part), false);
  }

  const std::filesystem::path folder_;
  const protocol::EngineSpec spec_;
  const std::function<Status()> verify_;
  const Clock& clock_;
  BackendEvents& events_;
  StepMeter meter_{clock_};
  std::atomic<int64_t> longest_step_{0};     ///< Nanoseconds; known once warm.
  std::unique_ptr<gpu::TextEngine> engine_;  ///< Used on the thread only.
  std::unordered_map<uint64_t, Work> work_;  ///< Used on the thread only.
  CommandThread thread_;
};

}  // namespace

std::unique_ptr<Backend> make_native_backend(const protocol::ReplicaSpec& spec, std::function<Status()> verify,
                                             const Clock& clock, BackendEvents& events) {
  return std::make_unique<NativeBackend>(spec, std::move(verify), clock, events);
}

}  // namespace troupe::worker
