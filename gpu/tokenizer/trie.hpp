#pragma once
// Trie: finds which of many texts begin at a place.

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::gpu {

/// Built once, then read by any thread.
class Trie {
 public:
  /// A text and what stands for it, 0 or more.
  using Entry = std::pair<std::string_view, int32_t>;

  /// Of equal texts the last one counts. Texts are not empty.
  explicit Trie(std::vector<Entry> entries = {});

  /// A place in the trie; begins at the root.
  using Node = uint32_t;
  static constexpr Node root = 0;
  static constexpr Node none = UINT32_MAX;

  /// One byte on from `node`; none where no text goes on so.
  Node child(Node node, char byte) const noexcept;
  /// What stands for the text that ends at `node`; -1 = none does.
  int32_t value(Node node) const noexcept { return nodes_[node].value; }

  /// Calls `on_match(length, value)` for each text that `text` begins with, shortest first.
  template <class OnMatch>
  void prefixes(std::string_view text, OnMatch&& on_match) const {
    Node node = root;
    for (size_t at = 0; at < text.size(); ++at) {
      node = child(node, text[at]);
      if (node == none) return;
      if (value(node) >= 0) on_match(at + 1, value(node));
    }
  }

  struct Match {
    size_t length = 0;
    int32_t value = -1;
  };
  /// The longest text that `text` begins with; value -1 = none.
  Match longest(std::string_view text) const noexcept;

 private:
  /// Children of a node lie side by side, in the order of their bytes.
  struct NodeData {
    uint32_t first_child = 0;
    uint32_t children = 0;
    int32_t value = -1;
  };

  void build(const std::vector<Entry>& sorted);

  std::vector<NodeData> nodes_;
  std::vector<char> bytes_;          ///< By node: the byte that leads to it.
  std::array<Node, 256> of_root_{};  ///< The root's children, which are asked for most.
};

}  // namespace troupe::gpu
