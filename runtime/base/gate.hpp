#pragma once
// Gate: counts work in flight and lets a shutdown wait for it (the idea of Seastar's gate).

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "runtime/base/clock.hpp"

namespace troupe {

/// Thread-safe. Work enters before it starts and leaves when it is done; after close() nothing enters any more.
class Gate {
 public:
  ~Gate();  ///< Asserts that nobody is inside.

  /// False once closed; on true the caller owes one leave().
  [[nodiscard]] bool try_enter();
  void leave();

  /// Refuses newcomers and waits until all have left, at most `patience`. Returns whether the gate is empty.
  bool close(Duration patience);
  uint64_t inside() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  uint64_t inside_ = 0;
  bool closed_ = false;
};

}  // namespace troupe
