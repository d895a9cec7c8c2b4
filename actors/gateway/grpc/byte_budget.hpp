#pragma once
// ByteBudget: how many bytes of something may be here at a time. Thread-safe.

#include <atomic>
#include <cstdint>

namespace troupe::gateway {

class ByteBudget {
 public:
  explicit ByteBudget(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  /// False, with nothing taken, where it would be passed.
  bool take(uint64_t bytes) {
    if (taken_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max_) return true;
    give_back(bytes);
    return false;
  }
  /// Takes also where it is passed by that.
  void take_anyway(uint64_t bytes) { taken_.fetch_add(bytes, std::memory_order_relaxed); }
  void give_back(uint64_t bytes) { taken_.fetch_sub(bytes, std::memory_order_relaxed); }
  uint64_t taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  const uint64_t bytes_max_;
  std::atomic<uint64_t> taken_{0};
};

}  // namespace troupe::gateway
