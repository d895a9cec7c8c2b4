#pragma once
// Poller: one thread sleeps on many descriptors; others wake it.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

namespace troupe::bus::internal {

/// epoll, so a wait costs what is ready, not what is watched. All but wake() on one thread.
class Poller {
 public:
  static Result<std::unique_ptr<Poller>> make();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// `token` comes out of wait() while `fd` is readable.
  Status watch(int fd, uint64_t token);
  void forget(int fd);

  /// Tokens that are ready, at most 64; valid until the next call. Waits at most `timeout`, and not at all where
  /// `has_work()`, asked after the sleep was announced, says so.
  template <class HasWork>
  std::span<const uint64_t> wait(Duration timeout, HasWork has_work) {
    asleep_.store(true, std::memory_order_seq_cst);
    const auto ready = poll(has_work() ? Duration{0} : timeout);
    asleep_.store(false, std::memory_order_relaxed);
    return ready;
  }

  /// From any thread, after it made has_work() true. A system call only if the thread sleeps or is about to.
  void wake();

 private:
  Poller(int epoll, int event) : epoll_(epoll), event_(event) {}
  std::span<const uint64_t> poll(Duration timeout);

  int epoll_;
  int event_;
  std::atomic<bool> asleep_{false};
  std::array<uint64_t, 64> ready_{};
};

}  // namespace troupe::bus::internal
