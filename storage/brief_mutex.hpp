#pragma once
// BriefMutex: a mutex for critical sections of well under a microsecond. Who finds it held turns for a moment before it
// goes to sleep, so that contention costs no system call.

#include <mutex>

namespace troupe::storage {

/// Use as std::mutex.
class BriefMutex {
 public:
  void lock() {
    for (int turn = 0; turn < turns_max; ++turn) {
      if (mutex_.try_lock()) return;
      pause();
    }
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }

 private:
  static constexpr int turns_max = 200;

  static void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }

  std::mutex mutex_;
};

}  // namespace troupe::storage
