#pragma once
// CommandThread: a back end's own thread, fed through a queue.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace troupe::worker {

/// Runs commands in order. Between commands it calls `step` for as long as that says there is more to do; then it
/// sleeps. Destruction finishes the current command or step, drops the rest and joins.
///
/// The queue is bounded by its users: a batcher keeps at most a back end's slots inside it.
class CommandThread {
 public:
  /// `name` shows in debuggers and /proc (at most 15 characters).
  CommandThread(std::string name, std::function<bool()> step);
  ~CommandThread();

  void push(std::function<void()> command);

 private:
  void run();

  std::function<bool()> step_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> commands_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace troupe::worker
