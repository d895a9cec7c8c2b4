#pragma once
// KvBlockAllocator: which blocks of the key-value cache are free.

#include <cstdint>
#include <vector>

namespace troupe::gpu {

/// Pure bookkeeping over block numbers [0, total). Not thread-safe.
class KvBlockAllocator {
 public:
  explicit KvBlockAllocator(uint32_t total);

  /// Appends `count` blocks to `blocks`, or changes nothing and returns false if fewer are free.
  [[nodiscard]] bool allocate(uint32_t count, std::vector<int32_t>& blocks);
  /// Takes back all of `blocks` and leaves it empty. Requires that they came from allocate().
  void release(std::vector<int32_t>& blocks);

  uint32_t total() const noexcept { return total_; }
  uint32_t available() const noexcept { return static_cast<uint32_t>(free_.size()); }
  uint32_t used() const noexcept { return total_ - available(); }

 private:
  uint32_t total_;
  std::vector<int32_t> free_;  ///< Taken from the back, so that warm blocks come first.
};

}  // namespace troupe::gpu
