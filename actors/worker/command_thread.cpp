#include "actors/worker/command_thread.hpp"

#include <pthread.h>

namespace troupe::worker {

CommandThread::CommandThread(std::string name, std::function<bool()> step)
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
  bool more = false;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (!more) changed_.wait(lock, [this] { return stopping_ || !commands_.empty(); });
      if (stopping_) return;
      batch.swap(commands_);
    }
    for (const auto& command : batch) command();
    batch.clear();
    more = step_();
  }
}

}  // namespace troupe::worker
