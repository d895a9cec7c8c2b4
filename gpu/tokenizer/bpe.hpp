#pragma once
// Byte-pair encoding (Sennrich et al. 2016): merges adjacent symbols, lowest rank first, leftmost first among equals.

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace troupe::gpu {

class MergeTable {
 public:
  /// The rule with the place `rank` in the file's list; a later rule for the same pair replaces an earlier one.
  void add(int32_t left, int32_t right, int32_t rank, int32_t merged);

  /// Applies all rules to `symbols` until none fits. O(n log n). Negative symbols never merge. At most 2^31-1 symbols.
  std::vector<int32_t> apply(std::span<const int32_t> symbols) const;

 private:
  struct Rule {
    int32_t rank;
    int32_t merged;
  };
  struct PairHash {
    size_t operator()(uint64_t pair) const noexcept {
      return static_cast<size_t>((pair * 0x9e3779b97f4a7c15ULL) >> 16);
    }
  };

  static uint64_t key(int32_t left, int32_t right) {
    return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
  }
  const Rule* find(int32_t left, int32_t right) const {
    const auto found = rules_.find(key(left, right));
    return found == rules_.end() ? nullptr : &found->second;
  }

  std::unordered_map<uint64_t, Rule, PairHash> rules_;
};

}  // namespace troupe::gpu
