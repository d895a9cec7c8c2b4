#include "gpu/tokenizer/bpe.hpp"

#include <algorithm>
#include <queue>
#include <tuple>

#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu {
namespace {

/// Up to here a search of all pairs for each merge is faster than a queue.
constexpr size_t short_symbols = 48;

constexpr int32_t no_rank = INT32_MAX;

/// A symbol in a doubly linked list over the word; -1 = no neighbour. Gone once merged into its left neighbour.
struct Node {
  int32_t id;
  int32_t previous;
  int32_t next;
  bool gone;
};

/// A merge that was possible when it was noted; the node or its neighbour may have changed since.
struct Candidate {
  int32_t rank;
  int32_t position;
  int32_t merged;

  bool operator>(const Candidate& other) const {
    return std::tie(rank, position) > std::tie(other.rank, other.position);
  }
};

bool is_one_character(std::string_view token) {
  return first_code_point(token).length == token.size();
}

}  // namespace

Bpe::Bpe(Vocabulary vocabulary, std::span<const Merge> merges, BpeOptions options)
    : vocabulary_(std::move(vocabulary)), options_(std::move(options)) {
  if (options_.byte_fallback) byte_tokens_.emplace(vocabulary_);
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    rules_.put(merges[rank].left, merges[rank].right, {static_cast<int32_t>(rank), merges[rank].merged});
  }
  std::string character;
  for (uint32_t c = 0; c < low_characters_.size(); ++c) {
    character.clear();
    append_utf8(c, character);
    low_characters_[c] = vocabulary_.find(character);
  }
  find_joints(merges);
  spelt_ = std::make_unique<std::atomic<Spelt>[]>(static_cast<size_t>(vocabulary_.size()));
}

/// A merge joins the last symbol of its left part and the first of its right one. That is told from the parts' text,
/// which holds only if every symbol is a character.
void Bpe::find_joints(std::span<const Merge> merges) {
  if (!options_.continuing_subword_prefix.empty() || !options_.end_of_word_suffix.empty()) return;
  const auto is_odd_symbol = [&](int32_t id) {
    const std::string_view token = vocabulary_.token(id);
    if (is_one_character(token)) return false;
    return id == options_.unknown_id || (byte_tokens_ && byte_of_token(token));
  };
  for (const Merge& merge : merges) {
    if (is_odd_symbol(merge.left) || is_odd_symbol(merge.right)) return;
    const std::string_view left = vocabulary_.token(merge.left);
    const std::string_view right = vocabulary_.token(merge.right);
    const int32_t last = vocabulary_.find(left.substr(last_character(left)));
    const int32_t first = vocabulary_.find(right.substr(0, first_code_point(right).length));
    if (last >= 0 && first >= 0) joints_.put(last, first, true);
    // The unknown token may be a character, and then stand for others.
    if (merge.left == options_.unknown_id || merge.right == options_.unknown_id) return;
  }
  has_joints_ = true;
}

Status Bpe::encode(std::string_view piece, std::vector<int32_t>& out) const {
  if (options_.ignore_merges) {
    if (const int32_t id = vocabulary_.find(piece); id >= 0) {
      out.push_back(id);
      return {};
    }
  }
  if (options_.end_of_word_suffix.empty()) {
    const int32_t id = vocabulary_.find(piece);
    if (id >= 0 && spelt_[static_cast<size_t>(id)].load(std::memory_order_relaxed) == Spelt::yes) {
      out.push_back(id);
      return {};
    }
  }
  TROUPE_TRY(const Symbols symbols, symbols_of(piece));
  const std::span<const int32_t> ids = symbols.ids;
  size_t begin = 0;
  for (size_t i = 1; i <= ids.size(); ++i) {
    if (i < ids.size() && (!has_joints_ || joints_.find(ids[i - 1], ids[i]) != nullptr)) continue;
    const size_t text_end = i < ids.size() ? symbols.begins[i] : piece.size();
    encode_segment(piece.substr(symbols.begins[begin], text_end - symbols.begins[begin]), ids.subspan(begin, i - begin),
                   out);
    begin = i;
  }
  return {};
}

Result<Bpe::Symbols> Bpe::symbols_of(std::string_view piece) const {
  Symbols symbols;
  symbols.ids.reserve(piece.size());
  symbols.begins.reserve(piece.size());
  std::string buffer;
  std::optional<uint32_t> unknown_begin;
  const auto put = [&](int32_t id, uint32_t begin) {
    symbols.ids.push_back(id);
    symbols.begins.push_back(begin);
  };
  const auto put_unknown = [&] {
    if (unknown_begin) put(*options_.unknown_id, *unknown_begin);
    unknown_begin.reset();
  };
  for (size_t at = 0; at < piece.size();) {
    const auto begin = static_cast<uint32_t>(at);
    const std::string_view character = piece.substr(at, first_code_point(piece.substr(at)).length);
    at += character.size();
    const std::string_view spelt = spelling(character, begin == 0, at == piece.size(), buffer);
    if (const int32_t id = id_of_symbol(spelt); id >= 0) {
      put_unknown();
      put(id, begin);
      continue;
    }
    // As in the reference library, bytes overtake an unknown token that still waits for others to be fused with.
    if (byte_tokens_ && byte_tokens_->append(spelt, symbols.ids)) {
      symbols.begins.resize(symbols.ids.size(), begin);
      continue;
    }
    if (!options_.unknown_id) {
      return fail(Errc::invalid_argument, "the vocabulary has no token for the character {}", character);
    }
    if (!options_.fuse_unknown) put_unknown();
    if (!unknown_begin) unknown_begin = begin;
  }
  put_unknown();
  return symbols;
}

/// As the vocabulary would have it.
std::string_view Bpe::spelling(std::string_view character, bool is_first, bool is_last, std::string& buffer) const {
  const bool prefixed = !is_first && !options_.continuing_subword_prefix.empty();
  const bool suffixed = is_last && !options_.end_of_word_suffix.empty();
  if (!prefixed && !suffixed) return character;
  buffer.clear();
  if (prefixed) buffer += options_.continuing_subword_prefix;
  buffer += character;
  if (suffixed) buffer += options_.end_of_word_suffix;
  return buffer;
}

int32_t Bpe::id_of_symbol(std::string_view spelt) const {
  const CodePoint first = first_code_point(spelt);
  const bool is_low = first.length == spelt.size() && first.value < low_characters_.size();
  return is_low ? low_characters_[first.value] : vocabulary_.find(spelt);
}

void Bpe::encode_segment(std::string_view text, std::span<const int32_t> symbols, std::vector<int32_t>& out) const {
  if (symbols.size() == 1) {
    out.push_back(symbols.front());
    return;
  }
  const int32_t whole = has_joints_ ? vocabulary_.find(text) : -1;
  if (whole >= 0 && spelt_[static_cast<size_t>(whole)].load(std::memory_order_relaxed) == Spelt::yes) {
    out.push_back(whole);
    return;
  }
  const size_t begin = out.size();
  if (symbols.size() <= short_symbols) {
    merge_short(symbols, out);
  } else {
    merge_long(symbols, out);
  }
  if (whole >= 0) {
    const bool spelt = out.size() == begin + 1 && out.back() == whole;
    spelt_[static_cast<size_t>(whole)].store(spelt ? Spelt::yes : Spelt::no, std::memory_order_relaxed);
  }
}

void Bpe::merge_short(std::span<const int32_t> symbols, std::vector<int32_t>& out) const {
  std::array<int32_t, short_symbols> ids;
  std::array<Rule, short_symbols> rules;
  size_t count = symbols.size();
  std::copy(symbols.begin(), symbols.end(), ids.begin());
  const auto look_up = [&](size_t i) {
    const Rule* rule = i + 1 < count ? rules_.find(ids[i], ids[i + 1]) : nullptr;
    rules[i] = rule == nullptr ? Rule{no_rank, -1} : *rule;
  };
  for (size_t i = 0; i < count; ++i) look_up(i);
  while (true) {
    size_t best = 0;
    for (size_t i = 1; i < count; ++i) {
      if (rules[i].rank < rules[best].rank) best = i;
    }
    if (rules[best].rank == no_rank) break;
    ids[best] = rules[best].merged;
    --count;
    for (size_t i = best + 1; i < count; ++i) {
      ids[i] = ids[i + 1];
      rules[i] = rules[i + 1];
    }
    look_up(best);
    if (best > 0) look_up(best - 1);
  }
  out.insert(out.end(), ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count));
}

void Bpe::merge_long(std::span<const int32_t> symbols, std::vector<int32_t>& out) const {
  std::vector<Node> nodes;
  nodes.reserve(symbols.size());
  for (size_t i = 0; i < symbols.size(); ++i) {
    const auto position = static_cast<int32_t>(i);
    nodes.push_back({symbols[i], position - 1, i + 1 < symbols.size() ? position + 1 : -1, false});
  }
  const auto rule_at = [&](int32_t position) -> const Rule* {
    const Node& node = nodes[static_cast<size_t>(position)];
    return node.gone || node.next < 0 ? nullptr : rules_.find(node.id, nodes[static_cast<size_t>(node.next)].id);
  };

  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto note = [&](int32_t position) {
    if (const Rule* rule = rule_at(position)) queue.push({rule->rank, position, rule->merged});
  };
  for (size_t i = 0; i < nodes.size(); ++i) note(static_cast<int32_t>(i));

  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const Rule* rule = rule_at(best.position);
    if (rule == nullptr || rule->merged != best.merged) continue;

    Node& left = nodes[static_cast<size_t>(best.position)];
    Node& right = nodes[static_cast<size_t>(left.next)];
    left.id = best.merged;
    left.next = right.next;
    right.gone = true;
    if (left.next >= 0) nodes[static_cast<size_t>(left.next)].previous = best.position;
    if (left.previous >= 0) note(left.previous);
    note(best.position);
  }
  for (const Node& node : nodes) {
    if (!node.gone) out.push_back(node.id);
  }
}

}  // namespace troupe::gpu
