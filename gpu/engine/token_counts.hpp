#pragma once
// TokenCounts: which tokens a sequence has had, for penalties.

#include <cstdint>
#include <span>
#include <unordered_map>

namespace troupe::gpu {

/// Not thread-safe.
class TokenCounts {
 public:
  /// Tokens of the prompt: they count as seen, not as generated.
  void add_prompt(std::span<const int32_t> tokens) {
    for (const int32_t token : tokens) generated_.try_emplace(token, 0);
  }
  void add(int32_t token) { ++generated_[token]; }

  /// By token seen: how often it was generated.
  const std::unordered_map<int32_t, uint32_t>& seen() const noexcept { return generated_; }

 private:
  std::unordered_map<int32_t, uint32_t> generated_;
};

}  // namespace troupe::gpu
