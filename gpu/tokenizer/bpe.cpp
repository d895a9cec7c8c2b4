#include "gpu/tokenizer/bpe.hpp"

#include <queue>
#include <tuple>

namespace troupe::gpu {
namespace {

/// A symbol in a doubly linked list over the word; -1 = no neighbour.
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

}  // namespace

void MergeTable::add(int32_t left, int32_t right, int32_t rank, int32_t merged) {
  rules_.insert_or_assign(key(left, right), Rule{rank, merged});
}

std::vector<int32_t> MergeTable::apply(std::span<const int32_t> symbols) const {
  std::vector<Node> nodes;
  nodes.reserve(symbols.size());
  for (size_t i = 0; i < symbols.size(); ++i) {
    const auto position = static_cast<int32_t>(i);
    nodes.push_back({symbols[i], position - 1, i + 1 < symbols.size() ? position + 1 : -1, false});
  }
  const auto rule_at = [&](int32_t position) -> const Rule* {
    const Node& node = nodes[static_cast<size_t>(position)];
    return node.gone || node.next < 0 ? nullptr : find(node.id, nodes[static_cast<size_t>(node.next)].id);
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

  std::vector<int32_t> ids;
  for (const Node& node : nodes) {
    if (!node.gone) ids.push_back(node.id);
  }
  return ids;
}

}  // namespace troupe::gpu
