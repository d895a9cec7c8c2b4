// Llama 1 to 3 (Touvron et al. 2023; Grattafiori et al. 2024) and what keeps to their form.

#include "gpu/model/decoder_families.hpp"
#include "gpu/model/families/llama_like.hpp"

namespace troupe::gpu {

Result<DecoderDescription> describe_llama(const ModelFolder& folder) {
  const JsonFields config = folder.config();
  if (config.has("sliding_window")) return config.unsupported("sliding_window", "null");
  TROUPE_TRY(const bool attention_bias, config.boolean("attention_bias", false));
  TROUPE_TRY(const bool mlp_bias, config.boolean("mlp_bias", false));
  return describe_llama_like(config, {.qkv_bias = attention_bias, .o_bias = attention_bias, .mlp_bias = mlp_bias});
}

}  // namespace troupe::gpu
