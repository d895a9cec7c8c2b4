#pragma once
// JSON and values of chat templates. Private to this folder.

#include <optional>
#include <string>
#include <string_view>

#include "gpu/tokenizer/template_value.hpp"

namespace troupe::gpu::jinja {

/// Objects keep the order of their keys; of a key that comes twice the last value counts, as in Python. Errors:
/// invalid_argument (no JSON, nested more than 64 levels deep, an integer of more than 64 bits), too_large by the
/// budget.
Result<Value> parse_json(std::string_view text, Budget& budget);

/// How json.dumps() of Python writes.
struct JsonStyle {
  bool ensure_ascii = false;
  std::optional<int64_t> indent;  ///< None: all on one line.
  std::string item_separator;
  std::string key_separator = ": ";
  bool sort_keys = false;
};

/// Errors: invalid_argument for what JSON has no word for, too_large by the budget.
Result<std::string> write_json(const Value& value, const JsonStyle& style, Budget& budget);

}  // namespace troupe::gpu::jinja
