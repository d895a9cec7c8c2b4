#include "storage/serial_thread.hpp"

#include "runtime/base/assert.hpp"

namespace troupe::storage {

SerialThread::SerialThread(size_t length_max, ByteCount bytes_max)
    : length_max_(length_max), bytes_max_(bytes_max), thread_([this] { work(); }) {}

SerialThread::~SerialThread() {
  TROUPE_ASSERT(std::this_thread::get_id() != thread_.get_id());
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

Status SerialThread::post(size_t bytes, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return fail(Errc::unavailable, "the store is closing");
    // An empty queue takes anything, so that the byte limit cannot refuse a single large item for ever.
    if (queue_.size() >= length_max_ || (!queue_.empty() && queued_bytes_ + bytes > bytes_max_.value))
      return fail(Error{Errc::overloaded,
                        fmt::format("the store's queue is full: {} calls, {} bytes", queue_.size(), queued_bytes_),
                        {},
                        std::chrono::milliseconds{100}});
    queue_.push_back({bytes, std::move(task)});
    queued_bytes_ += bytes;
  }
  changed_.notify_one();
  return {};
}

void SerialThread::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Item item = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= item.bytes;
    lock.unlock();
    item.task();
    item.task = nullptr;  // What the task holds is released outside of the lock.
    lock.lock();
  }
}

}  // namespace troupe::storage
