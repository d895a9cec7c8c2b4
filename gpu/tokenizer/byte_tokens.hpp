#pragma once
// Byte tokens: SentencePiece's "<0x00>" to "<0xFF>", which spell what a vocabulary lacks.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gpu/tokenizer/vocabulary.hpp"

namespace troupe::gpu {

class ByteTokens {
 public:
  explicit ByteTokens(const Vocabulary& vocabulary);

  /// Appends the tokens of `bytes`. False, and nothing is appended, where the vocabulary lacks one.
  bool append(std::string_view bytes, std::vector<int32_t>& out) const;

 private:
  std::array<int32_t, 256> ids_{};  ///< -1 = lacking.
};

/// The byte that a token such as "<0x0A>" stands for.
std::optional<char> byte_of_token(std::string_view token) noexcept;

}  // namespace troupe::gpu
