// Mistral (Jiang et al. 2023): Llama with a sliding window.

#include "gpu/model/decoder_families.hpp"
#include "gpu/model/families/llama_like.hpp"

namespace troupe::gpu {

Result<DecoderDescription> describe_mistral(const ModelFolder& folder) {
  const JsonFields config = folder.config();
  if (config.has("layer_types")) return config.unsupported("layer_types", "null");
  // Absent, transformers takes 4096; a model that was made without a window says null.
  if (!config.contains("sliding_window")) return config.wrong("sliding_window", "a number of tokens or null");
  TROUPE_TRY(const int64_t window, read_sliding_window(config));
  TROUPE_TRY(DecoderDescription decoder, describe_llama_like(config, {}));
  for (DecoderLayerDescription& layer : decoder.layers) layer.window = window;
  return decoder;
}

}  // namespace troupe::gpu
