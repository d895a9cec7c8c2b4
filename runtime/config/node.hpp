#pragma once
// Node: a YAML value as a plain tree, with the line it came from. Immutable once parsed; aliases share their subtree.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

struct Node;
using NodePtr = std::shared_ptr<const Node>;

struct Node {
  enum class Kind : uint8_t { null, scalar, sequence, mapping };

  struct Entry {
    std::string key;
    uint32_t line = 0;
    NodePtr value;  ///< Never null.
  };

  Kind kind = Kind::null;
  bool quoted = false;         ///< Of a scalar: text, even where it looks like a number, a bool or null.
  uint32_t line = 0;           ///< From 1; 0 where the tree was written from a struct.
  std::string text;            ///< Of a scalar; valid UTF-8 without NUL.
  std::vector<NodePtr> items;  ///< Of a sequence.
  std::vector<Entry> entries;  ///< Of a mapping, in the order of the file; keys are unique.

  /// The value of `key` in a mapping, or nullptr.
  const Node* find(std::string_view key) const noexcept;

  static NodePtr null(uint32_t line = 0);
  /// A number or bool as it stands in YAML and JSON alike.
  static NodePtr literal(std::string text);
  static NodePtr string(std::string text);
};

/// What a message says stands there: "'abc'", "nothing", "a list"; bounded in length, without control characters.
std::string found(const Node& node);

}  // namespace troupe::config
