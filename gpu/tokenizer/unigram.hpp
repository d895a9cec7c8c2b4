#pragma once
// Unigram (Kudo 2018): of all ways to spell a piece in tokens, the one whose scores add up to most.

#include <optional>
#include <vector>

#include "gpu/tokenizer/byte_tokens.hpp"
#include "gpu/tokenizer/model.hpp"
#include "gpu/tokenizer/trie.hpp"

namespace troupe::gpu {

struct UnigramOptions {
  std::optional<int32_t> unknown_id;  ///< For characters that no token spells; neighbours become one token.
  bool byte_fallback = false;         ///< Those are spelt in byte tokens instead, where all are there.
};

/// Viterbi's algorithm, linear in the length of a piece, times that of the longest token at worst. Works in 16 bytes a
/// byte of a piece.
class Unigram final : public TokenModel {
 public:
  /// `scores` by id, as many as the vocabulary has ids.
  Unigram(Vocabulary vocabulary, std::vector<double> scores, UnigramOptions options);

  Status encode(std::string_view piece, std::vector<int32_t>& out) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }

 private:
  /// The best way found so far to spell the text up to a place.
  struct Node {
    double score = 0;
    int32_t id = -1;
    uint32_t begin = unreached;  ///< Of its last token.
  };
  static constexpr uint32_t unreached = UINT32_MAX;

  Result<std::vector<Node>> best_paths(std::string_view piece) const;
  void put_unknown(std::string_view text, std::vector<int32_t>& out) const;

  Vocabulary vocabulary_;
  std::vector<double> scores_;
  UnigramOptions options_;
  std::optional<ByteTokens> byte_tokens_;
  Trie tokens_;
  double unknown_score_ = 0;
};

}  // namespace troupe::gpu
