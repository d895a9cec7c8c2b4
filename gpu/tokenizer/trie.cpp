#include "gpu/tokenizer/trie.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::gpu {

Trie::Trie(std::vector<Entry> entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.first < b.first; });
  build(entries);
  of_root_.fill(none);
  const NodeData& top = nodes_[root];
  for (Node node = top.first_child; node < top.first_child + top.children; ++node) {
    of_root_[static_cast<unsigned char>(bytes_[node])] = node;
  }
}

/// Level by level: a node is a range of texts that agree up to a depth.
void Trie::build(const std::vector<Entry>& sorted) {
  struct Span {
    size_t begin;
    size_t end;
    size_t depth;
  };
  std::vector<Span> spans = {{0, sorted.size(), 0}};
  nodes_.emplace_back();
  bytes_.push_back(0);
  for (size_t i = 0; i < spans.size(); ++i) {
    Span span = spans[i];
    while (span.begin < span.end && sorted[span.begin].first.size() == span.depth) {
      nodes_[i].value = sorted[span.begin++].second;
    }
    nodes_[i].first_child = static_cast<uint32_t>(nodes_.size());
    while (span.begin < span.end) {
      const char byte = sorted[span.begin].first[span.depth];
      size_t end = span.begin + 1;
      while (end < span.end && sorted[end].first[span.depth] == byte) ++end;
      spans.push_back({span.begin, end, span.depth + 1});
      nodes_.emplace_back();
      bytes_.push_back(byte);
      ++nodes_[i].children;
      span.begin = end;
    }
  }
}

Trie::Node Trie::child(Node node, char byte) const noexcept {
  if (node == root) return of_root_[static_cast<unsigned char>(byte)];
  const NodeData& parent = nodes_[node];
  if (parent.children == 0) return none;
  const char* first = bytes_.data() + parent.first_child;
  if (parent.children == 1) return *first == byte ? parent.first_child : none;
  const void* found = std::memchr(first, static_cast<unsigned char>(byte), parent.children);
  return found == nullptr ? none : static_cast<Node>(static_cast<const char*>(found) - bytes_.data());
}

Trie::Match Trie::longest(std::string_view text) const noexcept {
  Match best;
  prefixes(text, [&](size_t length, int32_t value) { best = {length, value}; });
  return best;
}

}  // namespace troupe::gpu
