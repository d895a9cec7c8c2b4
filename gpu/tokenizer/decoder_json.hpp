#pragma once
// Reads the "decoder" of a tokenizer.json. Private to this folder.

#include "gpu/tokenizer/decoder.hpp"
#include "gpu/tokenizer/json_node.hpp"

namespace troupe::gpu {

Result<TokenDecoder> read_decoder(const JsonNode& node);

}  // namespace troupe::gpu
