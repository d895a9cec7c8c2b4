#include <fmt/format.h>

#include <algorithm>

#include "runtime/config/bind.hpp"
#include "runtime/config/lines.hpp"

namespace troupe::config {
namespace {

bool is_plain_char(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' ||
         c == '.' || c == '/' || c == '@';
}

/// Whether any YAML reader takes the bare `text` for the same text, and not for a number, a bool, a date or null.
bool is_plain_text(const std::string& text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_plain_char)) return false;
  const bool starts_with_letter = (text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z';
  const bool is_quantity = text[0] >= '0' && text[0] <= '9' &&
                           (parse_duration(text).has_value() || parse_bytes(text).has_value()) &&
                           text.find_first_not_of("0123456789.") != std::string::npos;
  if (is_quantity) return true;
  if (!starts_with_letter && text[0] != '/') return false;
  for (std::string_view word : {"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
    if (std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) { return (a | 0x20) == b; }))
      return false;
  return true;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (byte < 0x20 || byte == 0x7F)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out + '"';
}

std::string scalar_text(const Node& node) {
  if (!node.quoted) return node.text;
  return is_plain_text(node.text) ? node.text : quoted(node.text);
}

std::string key_text(const std::string& key) {
  return is_plain_text(key) ? key : quoted(key);
}

bool is_block(const Node& node) {
  return !node.items.empty() || !node.entries.empty();
}

std::string inline_text(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::scalar:
      return scalar_text(node);
    case Node::Kind::sequence:
      return "[]";
    case Node::Kind::mapping:
      return "{}";
  }
  return "null";
}

}  // namespace

std::string prefix_lines(const std::string& text, std::string_view first, std::string_view rest) {
  std::string out;
  for (size_t start = 0; start < text.size();) {
    const size_t end = text.find('\n', start);
    out += start == 0 ? first : rest;
    out.append(text, start, end - start);
    out += '\n';
    start = end + 1;
  }
  return out;
}

std::string emit_entry(const std::string& key, const Node& value) {
  if (!is_block(value)) return key_text(key) + ": " + inline_text(value) + "\n";
  return key_text(key) + ":\n" + prefix_lines(emit_yaml(value), "  ", "  ");
}

std::string emit_yaml(const Node& node) {
  if (!is_block(node)) return inline_text(node) + "\n";
  std::string out;
  for (const Node::Entry& entry : node.entries) out += emit_entry(entry.key, *entry.value);
  for (const NodePtr& item : node.items) out += prefix_lines(emit_yaml(*item), "- ", "  ");
  return out;
}

}  // namespace troupe::config
