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

constexpr uint64_t parts_shift = 16;
constexpr uint64_t round_shift = 32;
constexpr uint64_t field_mask = 0xFFFF;

}  // namespace

ThreadPool::ThreadPool(uint32_t threads) {
  TROUPE_ASSERT(threads >= 1 && threads <= field_mask);
  workers_.reserve(threads - 1);
  for (uint32_t worker = 1; worker < threads; ++worker) workers_.emplace_back([this] { work(); });
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
  finished_.store(0, std::memory_order_relaxed);
  const uint64_t round = round_.load(std::memory_order_relaxed) + 1;
  claims_.store(round << round_shift | uint64_t{parts} << parts_shift, std::memory_order_release);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();

  take_parts();
  for (uint32_t done = finished_.load(std::memory_order_acquire); done != parts;) {
    done = wait_for_change(finished_, done);
  }
}

void ThreadPool::take_parts() {
  uint64_t claims = claims_.load(std::memory_order_acquire);
  for (;;) {
    const uint64_t parts = claims >> parts_shift & field_mask;
    const uint64_t part = claims & field_mask;
    if (part >= parts) return;
    if (!claims_.compare_exchange_weak(claims, claims + 1, std::memory_order_acq_rel, std::memory_order_acquire)) {
      continue;
    }
    job_.call(job_.self, static_cast<uint32_t>(part));
    if (finished_.fetch_add(1, std::memory_order_acq_rel) + 1 == parts) finished_.notify_one();
    claims = claims_.load(std::memory_order_acquire);
  }
}

void ThreadPool::work() {
  uint32_t seen = 0;
  for (;;) {
    seen = wait_for_change(round_, seen);
    if (stopping_) return;
    take_parts();
  }
}

}  // namespace troupe::gpu
