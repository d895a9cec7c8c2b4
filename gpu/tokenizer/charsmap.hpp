#pragma once
// Charsmap: the "precompiled_charsmap" of SentencePiece models, which maps strings to strings.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Immutable; thread-safe.
///
/// Source: SentencePiece's normalizer.cc. The bytes are a 32-bit size, a double-array trie of that many bytes (Darts:
/// little-endian units), then the replacements, each ended by a NUL; the trie's values are offsets among them.
class Charsmap {
 public:
  static constexpr size_t max_bytes = 16 << 20;

  /// Errors: corrupt_data. Units that point outside of the trie are no error: they end the search.
  static Result<Charsmap> parse(std::string_view bytes);
  /// As it stands in a file.
  static Result<Charsmap> parse_base64(std::string_view text);

  /// What stands for the shortest key that `text` begins with.
  std::optional<std::string_view> find(std::string_view text) const noexcept;

 private:
  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace troupe::gpu
