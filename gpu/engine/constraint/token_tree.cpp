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

void TokenMask::merge(const TokenMask& other) {
  for (size_t word = 0; word < words_.size(); ++word) words_[word] |= other.words_[word];
  is_empty_ = is_empty_ && other.is_empty_;
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

TokenMask TokenTree::allowed(Automaton& automaton, Automaton::Place place, FrameMasks& masks) const {
  TokenMask mask(places_.size());
  for (const Automaton::Frame& frame : automaton.frames(place)) {
    const FrameMasks::Known& inside = this->inside(automaton, frame.states, masks);
    mask.merge(inside.mask);
    if (inside.exits.empty()) continue;
    const Automaton::Place behind = automaton.behind(frame);
    if (behind == Automaton::nowhere) continue;
    for (const uint32_t exit : inside.exits) {
      walk(automaton, behind, exit + 1, nodes_[exit].behind, mask, nullptr);
    }
  }
  return mask;
}

const FrameMasks::Known& TokenTree::inside(Automaton& automaton, uint64_t states, FrameMasks& masks) const {
  if (const auto found = masks.known.find(states); found != masks.known.end()) return found->second;
  if (masks.known.size() == FrameMasks::frames_max) masks.known.clear();
  FrameMasks::Known known{TokenMask(places_.size()), {}};
  walk(automaton, automaton.inside(states), 0, static_cast<uint32_t>(nodes_.size()) - 1, known.mask, &known.exits);
  return masks.known.emplace(states, std::move(known)).first->second;
}

/// Over nodes that lie below one, from `place` on. `exits` gets those where the text may end though there are nodes
/// below.
void TokenTree::walk(Automaton& automaton, Automaton::Place place, uint32_t from, uint32_t to, TokenMask& mask,
                     std::vector<uint32_t>* exits) const {
  if (from == to) return;
  std::vector<Automaton::Place> at(depth_max_ + 1);
  at[nodes_[from].depth - 1U] = place;
  for (uint32_t i = from; i < to;) {
    const Node& node = nodes_[i];
    const Automaton::Place next = automaton.step(at[node.depth - 1U], node.byte);
    if (next == Automaton::nowhere) {
      i = node.behind;
      continue;
    }
    at[node.depth] = next;
    for (uint32_t token = node.first_token; token < nodes_[i + 1].first_token; ++token) mask.allow(tokens_[token]);
    if (exits != nullptr && node.behind > i + 1 && automaton.is_complete(next)) exits->push_back(i);
    ++i;
  }
}

std::string_view TokenTree::bytes_of(int32_t token) const noexcept {
  const auto at = static_cast<size_t>(token);
  if (at >= places_.size()) return {};
  return std::string_view(text_).substr(places_[at].begin, places_[at].length);
}

}  // namespace troupe::gpu
