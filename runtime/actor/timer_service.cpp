#include "runtime/actor/timer_service.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace troupe::actor {
namespace {

class TimerThread final : public TimerService {
 public:
  explicit TimerThread(Clock& clock) : clock_(clock), wheel_(clock.now()), thread_([this] { run(); }) {}

  ~TimerThread() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  WheelTimer set(Time due, Action action) override {
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

  void cancel(WheelTimer timer) override {
    const std::lock_guard lock(mutex_);
    wheel_.cancel(timer);
  }

 private:
  void run() {
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

  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  TimerWheel<Action> wheel_;
  Time wake_at_ = Time::max();  ///< When the thread wakes by itself.
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<TimerService> make_timer_thread(Clock& clock) {
  return std::make_unique<TimerThread>(clock);
}

}  // namespace troupe::actor
