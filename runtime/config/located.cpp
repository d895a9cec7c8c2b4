#include "runtime/config/located.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace troupe::config {
namespace {

/// Takes "metrics", "[1]" or "of" off the front of a path.
std::string_view take_step(std::string_view& path) {
  if (path.starts_with('.')) path.remove_prefix(1);
  const size_t end = path.starts_with('[') ? path.find(']') + 1 : path.find_first_of(".[");
  const std::string_view step = path.substr(0, end);
  path.remove_prefix(step.size());
  return step;
}

/// nullptr where the sequence has no such item.
const Node* item_of(const Node& node, std::string_view step) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(step.data() + 1, step.data() + step.size(), index);
  return error == std::errc{} && index < node.items.size() ? node.items[index].get() : nullptr;
}

}  // namespace

uint32_t line_of(const Document& document, std::string_view path) {
  uint32_t line = document.line;
  const Node* node = document.node.get();
  while (node != nullptr && !path.empty()) {
    const std::string_view step = take_step(path);
    if (step.starts_with('[')) {
      node = item_of(*node, step);
      if (node != nullptr) line = node->line;
    } else {
      const auto entry = std::ranges::find(node->entries, step, &Node::Entry::key);
      node = entry == node->entries.end() ? nullptr : entry->value.get();
      if (node != nullptr) line = entry->line;
    }
  }
  return line;
}

Error located(const Document& document, Error error) {
  error.message = fmt::format("{}:{}: {}", document.file, line_of(document, error.field), error.message);
  return error;
}

}  // namespace troupe::config
