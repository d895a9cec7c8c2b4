#include "actors/worker/echo_backend.hpp"

#include <queue>
#include <unordered_map>

#include "actors/worker/command_thread.hpp"
#include "actors/worker/echo_answer.hpp"
#include "actors/worker/stream_budget.hpp"

namespace troupe::worker {
namespace {

class EchoBackend final : public Backend {
 public:
  EchoBackend(const protocol::EchoSpec& spec, const Clock& clock, BackendEvents& events)
      : spec_(spec), clock_(clock), events_(events), thread_("echo", [this] { return answer_due(); }) {}

  void load() override {
    thread_.push([this] {
      events_.on_loaded();
      events_.on_warm();
    });
  }

  void execute(std::vector<WorkItem> batch) override {
    thread_.push([this, batch = std::move(batch)] {
      const StepMeter::Step measured(meter_);
      for (const WorkItem& item : batch) begin(item);
    });
  }

  void cancel(WorkId id) override {
    thread_.push([this, id] { answers_.erase(id); });
  }
  void credit(WorkId id, uint64_t bytes) override {
    thread_.push([this, id, bytes] {
      const auto found = answers_.find(id);
      if (found == answers_.end()) return;
      found->second.budget.add(bytes);
      if (std::exchange(found->second.is_held, false)) advance(id);
    });
  }
  uint32_t slots() const override { return spec_.slots; }
  protocol::ModelInterface interface() const override {
    using protocol::ModelTask;
    return {{ModelTask::generate, ModelTask::chat, ModelTask::infer}, {}, {}, 0};
  }
  StepProgress progress() const override { return meter_.read(); }
  Duration longest_step() const override { return Duration{0}; }

 private:
  struct Answer {
    std::vector<protocol::ResultPart> parts;
    StreamBudget budget;
    size_t next = 0;
    Time begun;
    bool is_held = false;  ///< Until there is credit.
  };
  struct Due {
    Time at;
    WorkId id;
    bool operator>(const Due& other) const { return at > other.at; }
  };

  void begin(const WorkItem& item) {
    auto parts = echo_answer(*item.request);
    if (!parts) {
      events_.on_error(item.id, parts.error());
      return;
    }
    answers_[item.id] = Answer{std::move(*parts), StreamBudget(item.credit), 0, clock_.now()};
    advance(item.id);
  }

  /// Says what is due of an answer, and notes when to go on.
  void advance(WorkId id) {
    const auto found = answers_.find(id);
    if (found == answers_.end()) return;
    Answer& answer = found->second;
    const auto count = static_cast<int64_t>(answer.parts.size());
    for (;;) {
      const Time due = answer.begun + spec_.delay * static_cast<int64_t>(answer.next + 1) / count;
      if (due > clock_.now()) {
        due_.push({due, id});
        return;
      }
      const bool last = answer.next + 1 == answer.parts.size();
      if (!last && !answer.budget.may_send()) {
        answer.is_held = true;
        return;
      }
      answer.budget.sent(answer.parts[answer.next]);
      events_.on_part(id, std::move(answer.parts[answer.next++]), last);
      if (last) break;
    }
    answers_.erase(found);
  }

  Time answer_due() {
    while (!due_.empty() && due_.top().at <= clock_.now()) {
      const StepMeter::Step measured(meter_);
      const WorkId id = due_.top().id;
      due_.pop();
      advance(id);
    }
    return due_.empty() ? CommandThread::never : due_.top().at;
  }

  const protocol::EchoSpec spec_;
  const Clock& clock_;
  BackendEvents& events_;
  StepMeter meter_{clock_};
  std::unordered_map<WorkId, Answer> answers_;                      ///< Used on the thread only.
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;  ///< One an answer; those of cancelled ones lapse.
  CommandThread thread_;
};

}  // namespace

std::unique_ptr<Backend> make_echo_backend(const protocol::EchoSpec& spec, const Clock& clock, BackendEvents& events) {
  return std::make_unique<EchoBackend>(spec, clock, events);
}

}  // namespace troupe::worker
