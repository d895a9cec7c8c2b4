#pragma once
// Handover: makes visible to the thread sanitizer what a library does between threads.

#include <atomic>

namespace troupe {

/// What one thread did before make(), another sees after take(). The queues of a library say so too, but the thread
/// sanitizer sees only ours.
class Handover {
 public:
  Handover() = default;
  Handover(Handover&&) noexcept {}
  void make() noexcept { is_made_.store(true, std::memory_order_release); }
  void take() const noexcept { static_cast<void>(is_made_.load(std::memory_order_acquire)); }

 private:
  std::atomic<bool> is_made_{false};
};

}  // namespace troupe
