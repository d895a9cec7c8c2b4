#pragma once
// ThreadPool: one piece of work, cut into parts, run by a fixed set of threads.

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace troupe::gpu {

/// One thread at a time may call run(). Workers spin for some microseconds after their last part, then sleep.
class ThreadPool {
 public:
  /// The caller of run() is one of the `threads`; so 1 starts none. Requires threads >= 1.
  explicit ThreadPool(uint32_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  uint32_t threads() const noexcept { return static_cast<uint32_t>(workers_.size()) + 1; }

  /// Calls work(part) for each part in [0, parts), part p on thread p, and returns when all are done. Requires parts <=
  /// threads(); `work` must not throw.
  template <class Work>
  void run(uint32_t parts, const Work& work) {
    if (parts <= 1) {
      if (parts == 1) work(0U);
      return;
    }
    run_parts(parts, Job{&work, [](const void* self, uint32_t part) { (*static_cast<const Work*>(self))(part); }});
  }

 private:
  struct Job {
    const void* self = nullptr;
    void (*call)(const void* self, uint32_t part) = nullptr;
  };

  void run_parts(uint32_t parts, Job job);
  void work(uint32_t part);

  // Written before `round_` is raised and read after it was seen, or after `pending_` is counted down.
  Job job_;
  uint32_t parts_ = 0;
  bool stopping_ = false;
  std::atomic<uint32_t> round_{0};
  std::atomic<uint32_t> pending_{0};
  std::vector<std::thread> workers_;
};

}  // namespace troupe::gpu
