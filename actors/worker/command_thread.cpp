#include "actors/worker/command_thread.hpp"

#include <pthread.h>

namespace troupe::worker {

CommandThread::CommandThread(std::string name, std::function<Time()> step)
    : step_(std::move(step)), thread_([this, name = std::move(name)] {
        pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
        run();
      }) {}

CommandThread::~CommandThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void CommandThread::push(std::function<void()> command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
  }
  changed_.notify_one();
}

void CommandThread::run() {
  std::deque<std::function<void()>> batch;
  Time next = never;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const auto is_called = [this] { return stopping_ || !commands_.empty(); };
      if (next == never) {
        changed_.wait(lock, is_called);
      } else if (next != at_once) {
        changed_.wait_until(lock, next, is_called);
      }
      if (stopping_) return;
      batch.swap(commands_);
    }
    for (const auto& command : batch) command();
    batch.clear();
    next = step_();
  }
}

}  // namespace troupe::worker
