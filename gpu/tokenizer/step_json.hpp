#pragma once
// What the readers of steps share. Private to this folder.

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "gpu/tokenizer/json_node.hpp"
#include "gpu/tokenizer/regex.hpp"

namespace troupe::gpu {

/// How deep Sequences may lie inside each other.
constexpr size_t max_sequence_depth = 16;

/// A name in a file and what it stands for.
template <class Value>
using Named = std::pair<std::string_view, Value>;

/// The value whose name `node` is. Errors: unimplemented, listing the names there are.
template <class Value, size_t count>
Result<Value> read_name(const JsonNode& node, const std::array<Named<Value>, count>& names) {
  TROUPE_TRY(const std::string_view name, node.text());
  const auto found = std::find_if(names.begin(), names.end(), [&](const auto& entry) { return entry.first == name; });
  if (found != names.end()) return found->second;
  std::string known;
  for (const auto& entry : names) known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.first);
  return node.unsupported(name, known);
}

/// Calls `read(a step, its type)` for each step, those of a Sequence in order; its list is called `list_name`.
template <class Read>
Status read_steps(const JsonNode& node, std::string_view list_name, Read&& read, size_t depth = 0) {
  TROUPE_TRY(const JsonNode type_node, node.member("type"));
  TROUPE_TRY(const std::string_view type, type_node.text());
  if (type != "Sequence") return read(node, type_node);
  if (depth == max_sequence_depth) return node.wrong(fmt::format("at most {} Sequences may be nested", depth));
  TROUPE_TRY(const JsonNode list_node, node.member(list_name));
  TROUPE_TRY(const simdjson::dom::array list, list_node.list());
  size_t index = 0;
  for (const simdjson::dom::element value : list) {
    TROUPE_CHECK(read_steps(list_node.item(index++, value), list_name, read, depth + 1));
  }
  return {};
}

/// The member "pattern": {"String": …} or {"Regex": …}.
struct PatternText {
  std::string_view text;
  bool is_regex;
};
Result<PatternText> read_pattern(const JsonNode& step);
/// Errors: unimplemented, naming the place of the pattern.
Result<Regex> compile_pattern(const JsonNode& step, const PatternText& pattern);

/// The member `key`: one character, in UTF-8.
Result<std::string_view> read_character(const JsonNode& step, std::string_view key);

}  // namespace troupe::gpu
