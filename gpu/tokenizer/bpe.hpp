#pragma once
// Byte-pair encoding (Sennrich et al. 2016): merges adjacent symbols, lowest rank first, leftmost first among equals.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/tokenizer/byte_tokens.hpp"
#include "gpu/tokenizer/model.hpp"
#include "gpu/tokenizer/pair_map.hpp"

namespace troupe::gpu {

struct BpeOptions {
  std::optional<int32_t> unknown_id;      ///< For characters that the vocabulary lacks.
  bool fuse_unknown = false;              ///< Neighbouring unknown characters become one token.
  bool byte_fallback = false;             ///< Unknown characters are spelt in byte tokens, where all are there.
  bool ignore_merges = false;             ///< A piece that is a token as it stands is not merged up.
  std::string continuing_subword_prefix;  ///< Before each character of a piece but the first, in the vocabulary.
  std::string end_of_word_suffix;         ///< After the last character of a piece, in the vocabulary.
};

/// A merge by token ids; its rank is its place in the list.
struct Merge {
  int32_t left;
  int32_t right;
  int32_t merged;
};

/// O(n log n) in the length of a piece. Text is cut where no merge can reach across, and tokens that their own merges
/// spell are remembered, so that most words cost one look-up.
class Bpe final : public TokenModel {
 public:
  /// At most 2^31 - 1 merges, of ids in the vocabulary; of two merges of the same pair the later one counts.
  Bpe(Vocabulary vocabulary, std::span<const Merge> merges, BpeOptions options);

  Status encode(std::string_view piece, std::vector<int32_t>& out) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }

 private:
  struct Rule {
    int32_t rank = 0;
    int32_t merged = -1;
  };
  /// What merging begins with: mostly characters.
  struct Symbols {
    std::vector<int32_t> ids;
    std::vector<uint32_t> begins;  ///< Of each one's text in the piece.
  };
  /// Whether a token's text, alone, is merged to exactly that token. Learnt when it is first seen.
  enum class Spelt : uint8_t { unknown, yes, no };

  void find_joints(std::span<const Merge> merges);
  Result<Symbols> symbols_of(std::string_view piece) const;
  std::string_view spelling(std::string_view character, bool is_first, bool is_last, std::string& buffer) const;
  int32_t id_of_symbol(std::string_view spelt) const;
  void encode_segment(std::string_view text, std::span<const int32_t> symbols, std::vector<int32_t>& out) const;
  void merge_short(std::span<const int32_t> symbols, std::vector<int32_t>& out) const;
  void merge_long(std::span<const int32_t> symbols, std::vector<int32_t>& out) const;

  Vocabulary vocabulary_;
  BpeOptions options_;
  std::optional<ByteTokens> byte_tokens_;
  PairMap<Rule> rules_;
  std::array<int32_t, 0x400> low_characters_{};  ///< Ids of the characters below U+0400; -1 = lacking.
  /// Pairs of symbols that some merge joins; between any others text can be cut. Not used without `has_joints_`.
  PairMap<bool> joints_;
  bool has_joints_ = false;
  std::unique_ptr<std::atomic<Spelt>[]> spelt_;  ///< By id.
};

}  // namespace troupe::gpu
