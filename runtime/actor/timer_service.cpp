#include "runtime/actor/timer_service.hpp"

namespace troupe::actor::internal {

TimerService::TimerService(Clock& clock) : clock_(clock), wheel_(clock.now()), thread_([this] { run(); }) {}

TimerService::~TimerService() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

WheelTimer TimerService::set(Time due, Action action) {
  WheelTimer timer;
  bool earlier = false;
  {
    const std::lock_guard lock(mutex_);
    timer = wheel_.set(due, std::move(action));
    earlier = due < wake_at_;
  }
  // Most timers are later than the one the thread sleeps for: no wake-up for them.
  if (earlier) changed_.notify_one();
  return timer;
}

void TimerService::cancel(WheelTimer timer) {
  const std::lock_guard lock(mutex_);
  wheel_.cancel(timer);
}

void TimerService::run() {
  std::vector<Action> fired;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wheel_.expire(clock_.now(), fired);
    if (!fired.empty()) {
      lock.unlock();
      for (const Action& action : fired) action();
      fired.clear();
      lock.lock();
      continue;
    }
    const auto next = wheel_.next();
    wake_at_ = next.value_or(Time::max());
    if (next) {
      changed_.wait_until(lock, *next);
    } else {
      changed_.wait(lock);
    }
  }
}

}  // namespace troupe::actor::internal
