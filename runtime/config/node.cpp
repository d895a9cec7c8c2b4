#include "runtime/config/node.hpp"

#include <fmt/format.h>

#include "runtime/config/utf8.hpp"

namespace troupe::config {

const Node* Node::find(std::string_view key) const noexcept {
  for (const Entry& entry : entries)
    if (entry.key == key) return entry.value.get();
  return nullptr;
}

NodePtr Node::null(uint32_t line) {
  auto node = std::make_shared<Node>();
  node->line = line;
  return node;
}

NodePtr Node::literal(std::string text) {
  auto node = std::make_shared<Node>();
  node->kind = Kind::scalar;
  node->text = std::move(text);
  return node;
}

NodePtr Node::string(std::string text) {
  auto node = std::make_shared<Node>();
  node->kind = Kind::scalar;
  node->quoted = true;
  node->text = std::move(text);
  return node;
}

std::string found(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return fmt::format("{}'{}'", node.quoted ? "the text " : "", printable(node.text));
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
  }
  return "nothing";
}

}  // namespace troupe::config
