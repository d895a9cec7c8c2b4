#pragma once
// TimerService: all timers and deadlines of a host. A thread with a wheel is one; the simulator's virtual time another.

#include <functional>
#include <memory>

#include "runtime/actor/timer_wheel.hpp"
#include "runtime/base/clock.hpp"

namespace troupe::actor {

/// Owned by the host. Thread-safe.
class TimerService {
 public:
  using Action = std::function<void()>;

  virtual ~TimerService() = default;
  /// Runs `action` at `due` or up to a tick later, on the service's thread: it must only hand over.
  virtual WheelTimer set(Time due, Action action) = 0;
  /// Timers that have fired or were cancelled are ignored. The action may still run if it is due at this moment.
  virtual void cancel(WheelTimer timer) = 0;
};

/// One thread and one wheel. `clock` must run on in real time, and outlive it.
std::unique_ptr<TimerService> make_timer_thread(Clock& clock);

}  // namespace troupe::actor
