#pragma once
// CommandThread: a back end's own thread, fed through a queue.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "runtime/base/clock.hpp"

namespace troupe::worker {

/// Runs commands in order. After commands it calls `step`, which says when it has more to do; till then, or the next
/// command, it sleeps. Destruction finishes the current command or step, drops the rest and joins.
///
/// The queue is bounded by its users: a batcher keeps at most a back end's slots inside it.
class CommandThread {
 public:
  static constexpr Time at_once = Time::min();
  static constexpr Time never = Time::max();

  /// `name` shows in debuggers and /proc (at most 15 characters).
  CommandThread(std::string name, std::function<Time()> step);
  ~CommandThread();

  void push(std::function<void()> command);

 private:
  void run();

  std::function<Time()> step_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> commands_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace troupe::worker
