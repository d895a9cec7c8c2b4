#include "gpu/engine/constraint/token_tree.hpp"

#include <algorithm>
#include <limits>

namespace troupe::gpu {

void TokenMask::apply(std::span<float> logits, float value) const {
  for (size_t word = 0; word < words_.size(); ++word) {
    const uint64_t bits = words_[word];
    if (bits == ~uint64_t{0}) continue;
    const size_t begin = word * 64;
    const size_t end = std::min(begin + 64, logits.size());
    for (size_t i = begin; i < end; ++i) {
      if ((bits >> (i - begin) & 1) == 0) logits[i] = value;
    }
  }
}

TokenTree::TokenTree(std::vector<Token> tokens, size_t size) : places_(size) {
  // A longer one could not be told apart by its depth; no vocabulary has one.
  std::erase_if(tokens, [](const Token& token) { return token.bytes.size() > std::numeric_limits<uint16_t>::max(); });
  std::ranges::sort(
      tokens, [](const Token& a, const Token& b) { return a.bytes < b.bytes || (a.bytes == b.bytes && a.id < b.id); });
  std::string_view last;
  for (const Token& token : tokens) {
    const auto differ = std::ranges::mismatch(last, token.bytes);
    add_path(token.bytes, static_cast<size_t>(differ.in1 - last.begin()));
    tokens_.push_back(token.id);
    places_[static_cast<size_t>(token.id)] = {static_cast<uint32_t>(text_.size()),
                                              static_cast<uint32_t>(token.bytes.size())};
    text_ += token.bytes;
    depth_max_ = std::max(depth_max_, token.bytes.size());
    last = token.bytes;
  }
  end_nodes(0);
  nodes_.push_back({static_cast<uint32_t>(nodes_.size()), static_cast<uint32_t>(tokens_.size()), 0, 0});
  path_.shrink_to_fit();
}

/// The nodes of `bytes` that the text before does not have: all but `common`.
void TokenTree::add_path(const std::string& bytes, size_t common) {
  end_nodes(common);
  for (size_t depth = common; depth < bytes.size(); ++depth) {
    path_.push_back(static_cast<uint32_t>(nodes_.size()));
    nodes_.push_back({0, static_cast<uint32_t>(tokens_.size()), static_cast<uint16_t>(depth + 1),
                      static_cast<uint8_t>(bytes[depth])});
  }
}

void TokenTree::end_nodes(size_t depth) {
  while (path_.size() > depth) {
    nodes_[path_.back()].behind = static_cast<uint32_t>(nodes_.size());
    path_.pop_back();
  }
}

TokenMask TokenTree::allowed(Automaton& automaton, Automaton::Place place) const {
  TokenMask mask(places_.size());
  std::vector<Automaton::Place> at(depth_max_ + 1);
  at[0] = place;
  const size_t end = nodes_.size() - 1;
  for (size_t i = 0; i < end;) {
    const Node& node = nodes_[i];
    const Automaton::Place next = automaton.step(at[node.depth - 1], node.byte);
    if (next == Automaton::nowhere) {
      i = node.behind;
      continue;
    }
    at[node.depth] = next;
    ++i;
    for (uint32_t token = node.first_token; token < nodes_[i].first_token; ++token) mask.allow(tokens_[token]);
  }
  return mask;
}

std::string_view TokenTree::bytes_of(int32_t token) const noexcept {
  const auto at = static_cast<size_t>(token);
  if (at >= places_.size()) return {};
  return std::string_view(text_).substr(places_[at].begin, places_[at].length);
}

}  // namespace troupe::gpu
