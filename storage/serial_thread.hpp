#pragma once
// SerialThread: one thread that works off a bounded queue in order. For blocking work that must not stand on a
// scheduler.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"

namespace troupe::storage {

class SerialThread {
 public:
  SerialThread(size_t length_max, ByteCount bytes_max);
  /// Finishes what is queued, then joins. Not from a task.
  ~SerialThread();
  SerialThread(const SerialThread&) = delete;
  SerialThread& operator=(const SerialThread&) = delete;

  /// Queues `task`, which holds about `bytes` of memory and must not throw. Thread-safe, also from a task.
  /// Errors: overloaded, or unavailable once the destructor runs.
  Status post(size_t bytes, std::function<void()> task);

 private:
  struct Item {
    size_t bytes;
    std::function<void()> task;
  };

  void work();

  const size_t length_max_;
  const ByteCount bytes_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  size_t queued_bytes_ = 0;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace troupe::storage
