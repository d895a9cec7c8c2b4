#include "gpu/device/cpu/thread_pool.hpp"

#include "runtime/base/assert.hpp"

namespace troupe::gpu {
namespace {

/// Some tens of microseconds: longer than the gap between two operations of a step, shorter than anyone notices.
constexpr int spins_max = 1000;

void pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Returns a value of `atomic` other than `old`.
uint32_t wait_for_change(const std::atomic<uint32_t>& atomic, uint32_t old) noexcept {
  for (int i = 0; i < spins_max; ++i) {
    if (const uint32_t now = atomic.load(std::memory_order_acquire); now != old) return now;
    pause();
  }
  for (;;) {
    atomic.wait(old, std::memory_order_acquire);
    if (const uint32_t now = atomic.load(std::memory_order_acquire); now != old) return now;
  }
}

}  // namespace

ThreadPool::ThreadPool(uint32_t threads) {
  TROUPE_ASSERT(threads >= 1);
  workers_.reserve(threads - 1);
  for (uint32_t part = 1; part < threads; ++part) workers_.emplace_back([this, part] { work(part); });
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::run_parts(uint32_t parts, Job job) {
  TROUPE_ASSERT(parts <= threads());
  job_ = job;
  parts_ = parts;
  // Every worker counts, also one without a part: none may still read this round's job when the next one is written.
  pending_.store(static_cast<uint32_t>(workers_.size()), std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();

  job.call(job.self, 0);
  for (uint32_t left = pending_.load(std::memory_order_acquire); left != 0; left = wait_for_change(pending_, left)) {
  }
}

void ThreadPool::work(uint32_t part) {
  uint32_t seen = 0;
  for (;;) {
    seen = wait_for_change(round_, seen);
    if (stopping_) return;
    if (part < parts_) job_.call(job_.self, part);
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) pending_.notify_one();
  }
}

}  // namespace troupe::gpu
