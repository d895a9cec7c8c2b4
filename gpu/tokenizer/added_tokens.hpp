#pragma once
// AddedTokens: finds tokens that are matched in the text before the model sees it, such as <eos>.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/tokenizer/trie.hpp"

namespace troupe::gpu {

struct AddedToken {
  int32_t id = -1;
  std::string text;          ///< As it is looked for: 1 to AddedTokens::max_token_bytes bytes.
  bool single_word = false;  ///< Only where no word character stands beside it.
  bool lstrip = false;       ///< Takes the white space before it along, rstrip that after it.
  bool rstrip = false;
};

/// A piece of a text: one added token, or text between them.
struct Segment {
  int32_t token;  ///< -1 for text.
  std::string_view text;
};

/// Built once, then read by any thread.
class AddedTokens {
 public:
  /// Longest token; it bounds the work per byte of text.
  static constexpr size_t max_token_bytes = 256;

  /// Of tokens with the same text the first one counts.
  explicit AddedTokens(std::vector<AddedToken> tokens = {});

  /// Appends the segments of `text`, valid UTF-8, to `out`: leftmost matches, the longest at each place; no empty
  /// texts.
  void split(std::string_view text, std::vector<Segment>& out) const;

 private:
  struct Place {
    size_t begin;
    size_t end;
  };

  bool stands_alone(std::string_view text, Place match) const;

  std::vector<AddedToken> tokens_;
  Trie trie_;  ///< To the place in `tokens_`.
};

}  // namespace troupe::gpu
