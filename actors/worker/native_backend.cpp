#include "actors/worker/native_backend.hpp"

#include <mutex>

#include "actors/worker/command_thread.hpp"
#include "actors/worker/native_work.hpp"
#include "gpu/engine/encoder_engine.hpp"

namespace troupe::worker {
namespace {

/// The longest step is reckoned from the warm-up's: as much longer as a full step has more tokens, and a margin for
/// attention over long contexts and for a machine that is busy.
constexpr int64_t step_margin = 4;
constexpr Duration step_floor = std::chrono::seconds{1};
constexpr Duration step_ceiling = std::chrono::minutes{10};

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
      if (const Status loaded = load_model(); !loaded) events_.on_failed(loaded.error());
    });
  }

  void execute(std::vector<WorkItem> batch) override {
    thread_.push([this, batch = std::move(batch)] {
      const StepMeter::Step measured(meter_);
      for (const WorkItem& item : batch) {
        if (const Status submitted = work_->submit(item); !submitted) events_.on_error(item.id, submitted.error());
      }
    });
  }

  void cancel(WorkId id) override {
    thread_.push([this, id] {
      if (work_) work_->drop(id);
    });
  }

  void credit(WorkId id, uint64_t bytes) override {
    thread_.push([this, id, bytes] {
      if (work_) work_->credit(id, bytes);
    });
  }

  uint32_t slots() const override { return spec_.sequences_max; }
  protocol::ModelInterface interface() const override {
    const std::lock_guard lock(interface_mutex_);
    return interface_;
  }
  StepProgress progress() const override { return meter_.read(); }
  Duration longest_step() const override { return Duration{longest_step_.load(std::memory_order_relaxed)}; }

 private:
  Status load_model() {
    TROUPE_CHECK(verify_());
    TROUPE_TRY(const bool is_encoder, gpu::EncoderEngine::is_encoder(folder_));
    const auto make = is_encoder ? make_encoder_work : make_text_work;
    TROUPE_TRY(work_, make(folder_, spec_, clock_, events_));
    events_.on_loaded();
    const Time begun = clock_.now();
    TROUPE_CHECK(work_->warm_up());
    longest_step_ =
        std::clamp<Duration>((clock_.now() - begun) * work_->full_step() * step_margin, step_floor, step_ceiling)
            .count();
    {
      const std::lock_guard lock(interface_mutex_);
      interface_ = work_->interface();
    }
    events_.on_warm();
    return {};
  }

  /// When there is more to do.
  Time step() {
    if (!work_ || work_->idle()) return CommandThread::never;
    const StepMeter::Step measured(meter_);
    work_->step();
    return work_->idle() ? CommandThread::never : CommandThread::at_once;
  }

  const std::filesystem::path folder_;
  const protocol::EngineSpec spec_;
  const std::function<Status()> verify_;
  const Clock& clock_;
  BackendEvents& events_;
  StepMeter meter_{clock_};
  std::atomic<int64_t> longest_step_{0};  ///< Nanoseconds; known once warm.
  mutable std::mutex interface_mutex_;
  protocol::ModelInterface interface_;
  std::unique_ptr<NativeWork> work_;  ///< Used on the thread only.
  CommandThread thread_;
};

}  // namespace

std::unique_ptr<Backend> make_native_backend(const protocol::ReplicaSpec& spec, std::function<Status()> verify,
                                             const Clock& clock, BackendEvents& events) {
  return std::make_unique<NativeBackend>(spec, std::move(verify), clock, events);
}

}  // namespace troupe::worker
