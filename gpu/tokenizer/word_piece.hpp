#pragma once
// WordPiece (Schuster and Nakajima 2012): the longest token that a word begins with, then the longest that goes on.

#include <string>

#include "gpu/tokenizer/model.hpp"
#include "gpu/tokenizer/trie.hpp"

namespace troupe::gpu {

struct WordPieceOptions {
  int32_t unknown_id = 0;  ///< For words that tokens cannot spell, as a whole.
  std::string continuing_subword_prefix = "##";
  size_t max_input_chars_per_word = 100;  ///< Longer words are unknown.
};

/// Linear in the length of a piece, times that of the longest token at worst.
class WordPiece final : public TokenModel {
 public:
  WordPiece(Vocabulary vocabulary, WordPieceOptions options);

  Status encode(std::string_view piece, std::vector<int32_t>& out) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }

 private:
  Vocabulary vocabulary_;
  WordPieceOptions options_;
  Trie first_;         ///< Tokens at the front of a word.
  Trie continuation_;  ///< Tokens after others, without their prefix.
};

}  // namespace troupe::gpu
