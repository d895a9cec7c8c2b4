#pragma once
// YAML text to documents. Bounded work on any input: size, depth and nodes after alias expansion have limits.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/config/node.hpp"

namespace troupe::config {

inline constexpr size_t text_bytes_max = 1 << 20;
inline constexpr size_t depth_max = 32;
/// Per file, with each alias counted as often as it is used.
inline constexpr size_t nodes_max = 200'000;
inline constexpr size_t expanded_bytes_max = 4 << 20;

/// One mapping between `---` lines.
struct Document {
  std::string file;
  std::string kind;   ///< The top-level key `kind`; empty where there is none.
  uint32_t line = 0;  ///< Of its first key.
  NodePtr node;       ///< A mapping; never null.
};

/// The documents of a file in order; empty ones (comments only) are left out. `file_name` is for messages alone.
/// Refused with invalid_argument, each as "file:line: what": text that is no YAML, not UTF-8 or has control characters;
/// a document that is no mapping; duplicate keys; keys that are no text; tags (!!int) and merge keys (<<); an alias
/// inside its own anchor. too_large: a limit above.
Result<std::vector<Document>> parse_documents(std::string_view yaml_text, const std::string& file_name);

/// Fails in words unless the document's kind is one of `kinds`.
Status check_kind(const Document& document, const std::vector<std::string>& kinds);

}  // namespace troupe::config
