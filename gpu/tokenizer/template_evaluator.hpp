#pragma once
// Walks the tree of a chat template and writes the text. Private to this folder.

#include <chrono>
#include <map>
#include <string>

#include "gpu/tokenizer/template_ast.hpp"

namespace troupe::gpu::jinja {

/// Variables of one level: the template's, or one turn of a loop.
using Scope = std::map<std::string, Value, std::less<>>;

/// `now` is what strftime_now() writes. Errors: invalid_argument (the text of raise_exception as it is, all else with
/// its line), too_large.
Result<std::string> evaluate(const Body& body, Scope globals, std::chrono::sys_seconds now, Budget& budget,
                             size_t max_output_bytes);

}  // namespace troupe::gpu::jinja
