#pragma once
// Pieces of YAML text shared by the writer and the reference. Every text here is whole lines, each ending in '\n'.

#include <string>
#include <string_view>

#include "runtime/config/node.hpp"

namespace troupe::config {

/// `text` with `first` before its first line and `rest` before the others.
std::string prefix_lines(const std::string& text, std::string_view first, std::string_view rest);

/// "key: value", or "key:" and the value indented by two.
std::string emit_entry(const std::string& key, const Node& value);

}  // namespace troupe::config
