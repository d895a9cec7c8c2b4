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

  /// Calls work(part) once for each part in [0, parts), each on the first thread that is free, and returns when all are
  /// done. So a thread that the system does not let run keeps nobody waiting but for the part it is at. Requires parts
  /// <= threads(); `work` must not throw.
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
  /// Runs parts of the present round as long as there are any to take.
  void take_parts();
  void work();

  // Written before `claims_` opens a round, and read by those alone who took a part of it: run_parts() waits for them.
  Job job_;
  /// The present round, its parts and the next one to take; in one word, so that nobody takes a part of another round.
  std::atomic<uint64_t> claims_{0};
  std::atomic<uint32_t> finished_{0};  ///< Parts of the present round.
  std::atomic<uint32_t> round_{0};     ///< Raised after claims_; what idle workers wait for.
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> workers_;
};

}  // namespace troupe::gpu
