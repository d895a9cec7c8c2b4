#pragma once
// Reads the "post_processor" of a tokenizer.json. Private to this folder.

#include <functional>

#include "gpu/tokenizer/json_node.hpp"
#include "gpu/tokenizer/post_processor.hpp"

namespace troupe::gpu {

/// `has_token(id)`: whether there is such a token.
Result<PostProcessor> read_post_processor(const JsonNode& node, const std::function<bool(int32_t)>& has_token);

}  // namespace troupe::gpu
