#pragma once
// Inbox: what happens on other threads, to be waited for by a test.

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace troupe::testing {

/// Thread-safe.
template <class T>
class Inbox {
 public:
  void put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    arrived_.notify_all();
  }
  /// The oldest; fails the test where none comes for longer than anything takes on a loaded machine.
  T take() {
    std::unique_lock lock(mutex_);
    BOOST_TEST_REQUIRE(arrived_.wait_for(lock, std::chrono::seconds{20}, [this] { return !values_.empty(); }));
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  size_t size() const {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<T> values_;
};

}  // namespace troupe::testing
