#pragma once
// Reads the "normalizer" of a tokenizer.json. Private to this folder.

#include "gpu/tokenizer/json_node.hpp"
#include "gpu/tokenizer/normalizer.hpp"

namespace troupe::gpu {

Result<Normalizer> read_normalizer(const JsonNode& node);

}  // namespace troupe::gpu
