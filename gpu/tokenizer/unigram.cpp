#include "gpu/tokenizer/unigram.hpp"

#include <algorithm>

#include "gpu/tokenizer/regex.hpp"
#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

/// How much less than the worst token an unknown character scores, as in SentencePiece.
constexpr double unknown_penalty = 10;

Trie all_tokens(const Vocabulary& vocabulary) {
  std::vector<Trie::Entry> entries;
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    if (const std::string_view token = vocabulary.token(id); !token.empty()) entries.emplace_back(token, id);
  }
  return Trie(std::move(entries));
}

}  // namespace

Unigram::Unigram(Vocabulary vocabulary, std::vector<double> scores, UnigramOptions options)
    : vocabulary_(std::move(vocabulary)),
      scores_(std::move(scores)),
      options_(options),
      tokens_(all_tokens(vocabulary_)) {
  if (options_.byte_fallback) byte_tokens_.emplace(vocabulary_);
  if (!scores_.empty()) unknown_score_ = *std::min_element(scores_.begin(), scores_.end()) - unknown_penalty;
}

Result<std::vector<Unigram::Node>> Unigram::best_paths(std::string_view piece) const {
  std::vector<Node> ends(piece.size() + 1);
  for (size_t at = 0; at < piece.size();) {
    const std::string_view rest = piece.substr(at);
    const size_t character = first_code_point(rest).length;
    const double score_here = ends[at].score;
    bool has_character = false;
    const auto offer = [&](size_t length, int32_t id, double score) {
      Node& end = ends[at + length];
      if (end.begin == unreached || score > end.score) end = {score, id, static_cast<uint32_t>(at)};
    };
    tokens_.prefixes(rest, [&](size_t length, int32_t id) {
      offer(length, id, scores_[static_cast<size_t>(id)] + score_here);
      has_character |= length == character;
    });
    if (!has_character) {
      if (!options_.unknown_id) {
        return fail(Errc::invalid_argument, "the vocabulary has no token for the character {}",
                    rest.substr(0, character));
      }
      offer(character, *options_.unknown_id, unknown_score_ + score_here);
    }
    at += character;
  }
  return ends;
}

Status Unigram::encode(std::string_view piece, std::vector<int32_t>& out) const {
  TROUPE_TRY(const std::vector<Node> ends, best_paths(piece));
  std::vector<TextRange> path;
  for (size_t end = piece.size(); end > 0; end = ends[end].begin) {
    const bool unknown = ends[end].id == options_.unknown_id;
    if (unknown && !path.empty() && path.back().begin == end && ends[path.back().end].id == options_.unknown_id) {
      path.back().begin = ends[end].begin;
    } else {
      path.push_back({ends[end].begin, end});
    }
  }
  for (auto range = path.rbegin(); range != path.rend(); ++range) {
    const int32_t id = ends[range->end].id;
    if (id == options_.unknown_id) {
      put_unknown(piece.substr(range->begin, range->end - range->begin), out);
    } else {
      out.push_back(id);
    }
  }
  return {};
}

/// Several unknown characters together may yet be a token, if none scores well enough.
void Unigram::put_unknown(std::string_view text, std::vector<int32_t>& out) const {
  if (const int32_t id = vocabulary_.find(text); id >= 0) {
    out.push_back(id);
  } else if (!byte_tokens_ || !byte_tokens_->append(text, out)) {
    out.push_back(*options_.unknown_id);
  }
}

}  // namespace troupe::gpu
