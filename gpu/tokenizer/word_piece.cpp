#include "gpu/tokenizer/word_piece.hpp"

#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

/// The tokens of `vocabulary` that begin with `prefix` and more, without it.
Trie tokens_after(const Vocabulary& vocabulary, std::string_view prefix) {
  std::vector<Trie::Entry> entries;
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    const std::string_view token = vocabulary.token(id);
    if (token.size() > prefix.size() && token.starts_with(prefix))
      entries.emplace_back(token.substr(prefix.size()), id);
  }
  return Trie(std::move(entries));
}

}  // namespace

WordPiece::WordPiece(Vocabulary vocabulary, WordPieceOptions options)
    : vocabulary_(std::move(vocabulary)),
      options_(std::move(options)),
      first_(tokens_after(vocabulary_, "")),
      continuation_(tokens_after(vocabulary_, options_.continuing_subword_prefix)) {}

Status WordPiece::encode(std::string_view piece, std::vector<int32_t>& out) const {
  const bool too_long =
      piece.size() > options_.max_input_chars_per_word && count_characters(piece) > options_.max_input_chars_per_word;
  const size_t begin = out.size();
  for (size_t at = 0; at < piece.size();) {
    const Trie::Match match = (at == 0 ? first_ : continuation_).longest(piece.substr(at));
    if (match.value < 0 || too_long) {
      out.resize(begin);
      out.push_back(options_.unknown_id);
      return {};
    }
    out.push_back(match.value);
    at += match.length;
  }
  return {};
}

}  // namespace troupe::gpu
