#pragma once
// TimerService: one thread and one wheel for all timers and deadlines of a host.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "runtime/actor/timer_wheel.hpp"
#include "runtime/base/clock.hpp"

namespace troupe::actor::internal {

/// Thread-safe. `action`s run on the timer's thread and must only hand over.
class TimerService {
 public:
  using Action = std::function<void()>;

  explicit TimerService(Clock& clock);
  ~TimerService();

  WheelTimer set(Time due, Action action);
  void cancel(WheelTimer timer);

 private:
  void run();

  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  TimerWheel<Action> wheel_;
  Time wake_at_ = Time::max();  ///< When the thread wakes by itself.
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace troupe::actor::internal
