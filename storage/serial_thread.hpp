#pragma once
// SerialThread: one thread that works off a bounded queue in order. For blocking work that must not stand on a
// scheduler.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"

namespace troupe::storage {

class SerialThread {
 public:
  SerialThread(size_t length_max, ByteCount bytes_max);
  /// Finishes what is queued; also where a task, by what it lets go of, is the one that ends its owner.
  ~SerialThread();
  SerialThread(const SerialThread&) = delete;
  SerialThread& operator=(const SerialThread&) = delete;

  /// Queues `task`, which holds about `bytes` of memory and must not throw. Thread-safe, also from a task.
  /// Errors: overloaded, or unavailable once the destructor runs.
  Status post(size_t bytes, std::function<void()> task) { return queue_->post(bytes, std::move(task)); }

 private:
  struct Item {
    size_t bytes;
    std::function<void()> task;
  };

  /// The thread's own too: it may be on it still when the SerialThread has gone.
  class Queue {
   public:
    Queue(size_t length_max, ByteCount bytes_max) : length_max_(length_max), bytes_max_(bytes_max) {}

    Status post(size_t bytes, std::function<void()> task);
    void close();
    /// Until it is closed and empty.
    void work();

   private:
    const size_t length_max_;
    const ByteCount bytes_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Item> items_;
    size_t bytes_ = 0;
    bool closing_ = false;
  };

  const std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace troupe::storage
