#include "gpu/engine/constraint/grammar.hpp"

#include <algorithm>

namespace troupe::gpu {
namespace {

uint8_t to_byte(char c) {
  return static_cast<uint8_t>(c);
}

}  // namespace

Grammar::State Grammar::add() {
  if (nodes_.size() < states_max) {
    nodes_.emplace_back();
  } else {
    is_full_ = true;
  }
  return static_cast<State>(nodes_.size()) - 1;
}

void Grammar::add_edge(State from, uint8_t first, uint8_t last, State next) {
  nodes_[from].edges.push_back({first, last, next});
}

void Grammar::add_edge(State from, char byte, State next) {
  add_edge(from, to_byte(byte), to_byte(byte), next);
}

void Grammar::set_call(State from, State rule, State behind) {
  nodes_[from].rule = rule;
  nodes_[from].behind = behind;
}

Grammar::State Grammar::byte(char byte, State next) {
  return bytes(to_byte(byte), to_byte(byte), next);
}

Grammar::State Grammar::bytes(uint8_t first, uint8_t last, State next) {
  const State state = add();
  add_edge(state, first, last, next);
  return state;
}

Grammar::State Grammar::text(std::string_view text, State next) {
  for (size_t i = text.size(); i > 0; --i) next = byte(text[i - 1], next);
  return next;
}

Grammar::State Grammar::one_of(std::vector<std::string> texts, State next) {
  std::ranges::sort(texts);
  const auto [again, last] = std::ranges::unique(texts);
  texts.erase(again, last);
  struct Span {
    size_t begin;
    size_t end;
    size_t depth;
    State state;
  };
  const State start = add();
  std::vector<Span> spans = {{0, texts.size(), 0, start}};
  while (!spans.empty() && !is_full_) {
    Span span = spans.back();
    spans.pop_back();
    if (span.begin < span.end && texts[span.begin].size() == span.depth) {
      add_skip(span.state, next);
      ++span.begin;
    }
    while (span.begin < span.end) {
      const char byte = texts[span.begin][span.depth];
      size_t end = span.begin + 1;
      while (end < span.end && texts[end][span.depth] == byte) ++end;
      const State behind = add();
      add_edge(span.state, byte, behind);
      spans.push_back({span.begin, end, span.depth + 1, behind});
      span.begin = end;
    }
  }
  return start;
}

Grammar::State Grammar::any_of(std::vector<State> states) {
  if (states.size() == 1) return states[0];
  const State state = add();
  nodes_[state].skips.insert(nodes_[state].skips.end(), states.begin(), states.end());
  return state;
}

Grammar::State Grammar::call(State rule, State next) {
  const State state = add();
  set_call(state, rule, next);
  return state;
}

bool Grammar::prune(State start) {
  const std::vector<bool> kept = productive();
  for (Node& node : nodes_) {
    std::erase_if(node.edges, [&](const Edge& edge) { return !kept[edge.next]; });
    std::erase_if(node.skips, [&](State next) { return !kept[next]; });
    if (!kept[node.rule] || !kept[node.behind]) node.rule = end;
  }
  return kept[start];
}

/// From the end backwards; a call counts once both what it calls and what is behind it do.
std::vector<bool> Grammar::productive() const {
  std::vector<std::vector<State>> before(nodes_.size());
  for (State state = 0; state < nodes_.size(); ++state) {
    for (const Edge& edge : nodes_[state].edges) before[edge.next].push_back(state);
    for (const State next : nodes_[state].skips) before[next].push_back(state);
    if (nodes_[state].rule == end) continue;
    before[nodes_[state].rule].push_back(state);
    before[nodes_[state].behind].push_back(state);
  }
  std::vector<bool> done(nodes_.size());
  const auto is_productive = [&](State state) {
    const Node& node = nodes_[state];
    return (node.rule != end && done[node.rule] && done[node.behind]) ||
           std::ranges::any_of(node.edges, [&](const Edge& edge) { return done[edge.next]; }) ||
           std::ranges::any_of(node.skips, [&](State next) { return done[next]; });
  };
  done[end] = true;
  std::vector<State> open = {end};
  while (!open.empty()) {
    const State state = open.back();
    open.pop_back();
    for (const State earlier : before[state]) {
      if (done[earlier] || !is_productive(earlier)) continue;
      done[earlier] = true;
      open.push_back(earlier);
    }
  }
  return done;
}

ByteClasses byte_classes(const Grammar& grammar) {
  std::array<bool, 257> begins{};
  begins[0] = true;
  for (Grammar::State state = 0; state < grammar.size(); ++state) {
    for (const Grammar::Edge& edge : grammar.node(state).edges) {
      begins[edge.first] = true;
      begins[size_t{edge.last} + 1] = true;
    }
  }
  ByteClasses classes;
  for (size_t byte = 0; byte < 256; ++byte) {
    if (begins[byte]) classes.examples.push_back(static_cast<uint8_t>(byte));
    classes.of[byte] = static_cast<uint8_t>(classes.examples.size() - 1);
  }
  return classes;
}

}  // namespace troupe::gpu
