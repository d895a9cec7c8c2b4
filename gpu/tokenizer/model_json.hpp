#pragma once
// Reads the "model" of a tokenizer.json. Private to this folder.

#include <memory>

#include "gpu/tokenizer/json_node.hpp"
#include "gpu/tokenizer/model.hpp"

namespace troupe::gpu {

Result<std::unique_ptr<TokenModel>> read_model(const JsonNode& node);

}  // namespace troupe::gpu
