#pragma once
// Builds the tree of a chat template. Private to this folder.

#include <vector>

#include "gpu/tokenizer/template_ast.hpp"
#include "gpu/tokenizer/template_lexer.hpp"

namespace troupe::gpu::jinja {

/// Most parts of one expression and deepest nesting of statements: they bound the recursion of all that walks the tree.
inline constexpr int max_expression_parts = 500;
inline constexpr int max_nesting = 50;

/// Errors: invalid_argument that quotes what is wrong or unknown, with its line.
Result<Body> parse(std::vector<Token> tokens);

}  // namespace troupe::gpu::jinja
