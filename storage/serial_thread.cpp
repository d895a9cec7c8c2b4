#include "storage/serial_thread.hpp"

namespace troupe::storage {

SerialThread::SerialThread(size_t length_max, ByteCount bytes_max)
    : queue_(std::make_shared<Queue>(length_max, bytes_max)), thread_([queue = queue_] { queue->work(); }) {}

SerialThread::~SerialThread() {
  queue_->close();
  if (std::this_thread::get_id() != thread_.get_id()) {
    thread_.join();
    return;
  }
  // The owner's last user was let go of by a task. What is left has to be done while the owner is there.
  queue_->work();
  thread_.detach();
}

Status SerialThread::Queue::post(size_t bytes, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return fail(Errc::unavailable, "the store is closing");
    // An empty queue takes anything, so that the byte limit cannot refuse a single large item for ever.
    if (items_.size() >= length_max_ || (!items_.empty() && bytes_ + bytes > bytes_max_.value))
      return fail(Error{Errc::overloaded,
                        fmt::format("the store's queue is full: {} calls, {} bytes", items_.size(), bytes_),
                        {},
                        std::chrono::milliseconds{100}});
    items_.push_back({bytes, std::move(task)});
    bytes_ += bytes;
  }
  changed_.notify_one();
  return {};
}

void SerialThread::Queue::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
}

void SerialThread::Queue::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || !items_.empty(); });
    if (items_.empty()) return;
    Item item = std::move(items_.front());
    items_.pop_front();
    bytes_ -= item.bytes;
    lock.unlock();
    item.task();
    item.task = nullptr;  // What the task holds is released outside of the lock.
    lock.lock();
  }
}

}  // namespace troupe::storage
