#pragma once
// What the descendants of Llama share: RMS norms, rotary positions, grouped queries, a gated MLP, and their names of
// configuration keys and tensors.

#include <cstdint>

#include "gpu/loader/json_fields.hpp"
#include "gpu/model/decoder_description.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

struct LlamaLikeTraits {
  bool qkv_bias = false;
  bool o_bias = false;
  bool mlp_bias = false;
};

/// A missing, ill-typed or out-of-range value is invalid_argument with the key in `field`; what cannot be computed is
/// unimplemented. Windows are left to the family.
Result<DecoderDescription> describe_llama_like(const JsonFields& config, const LlamaLikeTraits& traits);

/// `sliding_window`: how many tokens one sees, itself included; null = 0 = all.
Result<int64_t> read_sliding_window(const JsonFields& config);

}  // namespace troupe::gpu
