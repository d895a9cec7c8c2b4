#pragma once
// Vocabulary: which token has which id.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::gpu {

/// Built once, then read by any thread. Ids need not be dense. At most 4 GiB of text.
class Vocabulary {
 public:
  /// Ids are below this.
  static constexpr int32_t max_tokens = 1 << 20;

  /// `token` is not empty, `id` is from 0 to max_tokens - 1. False, and nothing changes, where the id or the token is
  /// taken.
  bool add(std::string_view token, int32_t id);

  /// -1 where there is no such token.
  int32_t find(std::string_view token) const noexcept;
  /// Empty where there is no such id.
  std::string_view token(int32_t id) const noexcept;
  /// One more than the highest id.
  int32_t size() const noexcept { return static_cast<int32_t>(places_.size()); }

 private:
  struct Place {
    uint32_t begin = 0;
    uint32_t length = 0;
  };
  /// A place of an open hash table; id -1 = free.
  struct Slot {
    uint32_t hash = 0;
    int32_t id = -1;
  };

  size_t slot_of(std::string_view token, uint32_t hash) const noexcept;
  void grow();

  std::string text_;  ///< All tokens, side by side.
  std::vector<Place> places_;
  std::vector<Slot> slots_ = std::vector<Slot>(64);  ///< A power of two, at most half full.
  size_t count_ = 0;
};

}  // namespace troupe::gpu
