#include "test/simulation/sim_executor.hpp"

#include <algorithm>

#include "runtime/actor/delivery.hpp"
#include "runtime/base/assert.hpp"

namespace troupe::sim {

/// A mailbox's queue. Outlives the mailbox while it runs: what runs may be the last that holds its actor.
class SimExecutor::Core final : public Task, public std::enable_shared_from_this<Core> {
 public:
  Core(SimExecutor& executor, actor::MailboxRunner runner) : executor_(&executor), runner_(std::move(runner)) {}

  void push(std::shared_ptr<actor::internal::Delivery> delivery) {
    if (ended_) return;
    queue_.push_back(std::move(delivery));
    if (!std::exchange(planned_, true)) plan();
  }

  void run() override {
    planned_ = false;
    if (queue_.empty() || ended_) return;
    const auto delivery = std::move(queue_.front());
    queue_.pop_front();
    if (!runner_(*delivery)) return end();
    if (!queue_.empty() && !ended_ && !std::exchange(planned_, true)) plan();
  }

  bool ended() const noexcept { return ended_; }
  bool empty() const noexcept { return queue_.empty(); }

 private:
  void plan() {
    Schedule& schedule = executor_->schedule_;
    const auto spread = static_cast<uint64_t>(executor_->delay_max_.count());
    const Duration delay{spread == 0 ? 0 : static_cast<int64_t>(schedule.random().below(spread + 1))};
    schedule.at(executor_->owner_, schedule.now() + delay, shared_from_this());
  }

  void end() {
    const auto self = shared_from_this();
    ended_ = true;
    std::erase(executor_->open_, self);
    const auto runner = std::move(runner_);
    queue_.clear();
  }

  SimExecutor* const executor_;
  actor::MailboxRunner runner_;
  std::deque<std::shared_ptr<actor::internal::Delivery>> queue_;
  bool planned_ = false;
  bool ended_ = false;
};

class SimExecutor::Box final : public actor::Mailbox {
 public:
  explicit Box(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  void push(std::shared_ptr<actor::internal::Delivery> delivery) override { core_->push(std::move(delivery)); }

 private:
  const std::shared_ptr<Core> core_;
};

SimExecutor::SimExecutor(Schedule& schedule, Owner owner, Duration delay_max)
    : schedule_(schedule), owner_(owner), delay_max_(delay_max) {}

SimExecutor::~SimExecutor() = default;

std::unique_ptr<actor::Mailbox> SimExecutor::open(actor::Placement, actor::MailboxRunner runner) {
  auto core = std::make_shared<Core>(*this, std::move(runner));
  open_.push_back(core);
  return std::make_unique<Box>(std::move(core));
}

void SimExecutor::join() {
  while (!open_.empty()) {
    bool progress = false;
    const auto open = open_;
    for (const auto& core : open) {
      if (core->ended() || core->empty()) continue;
      core->run();
      progress = true;
    }
    // Every actor has been told to stop: one that does not would hang a real host.
    TROUPE_ASSERT(progress || open_.empty());
  }
}

actor::WheelTimer SimTimers::set(Time due, Action action) {
  if (lost_chance_ > 0 && schedule_.random().uniform() < lost_chance_) return {};
  const auto tick = static_cast<uint64_t>(Duration{std::chrono::milliseconds{1}}.count());
  const Time late = std::max(due, schedule_.now()) + Duration{static_cast<int64_t>(schedule_.random().below(tick))};
  const Planned planned = schedule_.at(owner_, late, std::move(action));
  return {planned.slot, planned.generation};
}

void SimTimers::cancel(actor::WheelTimer timer) {
  schedule_.cancel({timer.slot, timer.generation});
}

}  // namespace troupe::sim
