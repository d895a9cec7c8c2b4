#pragma once
// Pieces: a text cut into what the model looks up one by one. Private to this folder.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/tokenizer/regex.hpp"

namespace troupe::gpu {

struct Piece {
  uint32_t begin;  ///< Bytes of Pieces::text.
  uint32_t end;    ///< Excluded; after begin.
  int32_t token;   ///< An added token, which is not looked at any more; -1 for text.
  bool at_start;   ///< Begins with the first character that the user gave.
};

/// Pieces lie in order and do not overlap; what was removed lies between them.
struct Pieces {
  std::string text;
  std::vector<Piece> list;

  std::string_view text_of(const Piece& piece) const noexcept {
    return std::string_view(text).substr(piece.begin, piece.end - piece.begin);
  }
  /// Does nothing for an empty text.
  void add_text(std::string_view added, bool at_start) {
    if (added.empty()) return;
    const auto begin = static_cast<uint32_t>(text.size());
    text += added;
    list.push_back({begin, static_cast<uint32_t>(text.size()), -1, at_start});
  }
  void add_token(int32_t token) {
    const auto here = static_cast<uint32_t>(text.size());
    list.push_back({here, here, token, false});
  }
};

/// What becomes of the matches of a pattern that cuts. With "-" in "the-final--count":
enum class SplitBehavior : uint8_t {
  removed,               ///< the, final, count
  isolated,              ///< the, -, final, -, -, count
  merged_with_previous,  ///< the-, final-, -, count
  merged_with_next,      ///< the, -final, -, -count
  contiguous,            ///< the, -, final, --, count
};

/// Appends the pieces of a text of `size` bytes, some of them empty, to `out`. `matches` are in order. `invert`: what
/// lies between the matches is what cuts.
void split_at(size_t size, const std::vector<TextRange>& matches, bool invert, SplitBehavior behavior,
              std::vector<TextRange>& out);

}  // namespace troupe::gpu
