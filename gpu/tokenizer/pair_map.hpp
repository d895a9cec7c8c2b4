#pragma once
// PairMap: a flat hash table from pairs of token ids. Private to this folder.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace troupe::gpu {

/// Built once, then read by any thread. Ids are not negative.
template <class Value>
class PairMap {
 public:
  /// A later value for the same pair replaces an earlier one.
  void put(int32_t left, int32_t right, Value value) {
    if (count_ * 2 >= slots_.size()) grow();
    Slot& slot = slots_[place(key(left, right))];
    if (slot.key == free) ++count_;
    slot = {key(left, right), value};
  }

  /// Null where the pair has no value.
  const Value* find(int32_t left, int32_t right) const noexcept {
    const Slot& slot = slots_[place(key(left, right))];
    return slot.key == free ? nullptr : &slot.value;
  }

 private:
  struct Slot {
    uint64_t key = free;
    Value value{};
  };
  static constexpr uint64_t free = ~uint64_t{0};

  static uint64_t key(int32_t left, int32_t right) noexcept {
    return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
  }
  /// Where `key` is, or would be put.
  size_t place(uint64_t key) const noexcept {
    const size_t mask = slots_.size() - 1;
    size_t at = static_cast<size_t>((key * 0x9E3779B97F4A7C15ULL) >> 32) & mask;
    while (slots_[at].key != free && slots_[at].key != key) at = (at + 1) & mask;
    return at;
  }
  void grow() {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    for (const Slot& slot : old) {
      if (slot.key != free) slots_[place(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(64);  ///< A power of two, at most half full.
  size_t count_ = 0;
};

}  // namespace troupe::gpu
