#pragma once
// What texts that are held to a format are made of.

#include <cstddef>
#include <cstdint>
#include <span>

#include "gpu/engine/constraint/token_tree.hpp"
#include "gpu/tokenizer/tokenizer.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// The tokens below `vocabulary` that add bytes to a text: neither special ones nor `ends`. Errors: unimplemented where
/// what a token adds depends on its neighbours.
Result<TokenTree> format_tokens(const Tokenizer& tokenizer, std::span<const int32_t> ends, size_t vocabulary);

}  // namespace troupe::gpu
