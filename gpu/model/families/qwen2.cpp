// Qwen2 and Qwen2.5 (Yang et al. 2024): Llama with biases of queries, keys and values.

#include "gpu/model/decoder_families.hpp"
#include "gpu/model/families/limits.hpp"
#include "gpu/model/families/llama_like.hpp"

namespace troupe::gpu {
namespace {

/// The window that config.json's numbers give, from layer `max_window_layers` on; or none.
Status read_windows(const JsonFields& config, DecoderDescription& decoder) {
  TROUPE_TRY(const bool sliding, config.boolean("use_sliding_window", false));
  if (!sliding) return {};
  TROUPE_TRY(const int64_t window, config.integer("sliding_window", 1, max_positions));
  TROUPE_TRY(const int64_t first, config.integer("max_window_layers", 0, max_layers));
  for (size_t i = static_cast<size_t>(first); i < decoder.layers.size(); ++i) decoder.layers[i].window = window;
  return {};
}

/// Newer files name each layer's kind too; it must be the kind that the numbers give.
Status check_layer_types(const JsonFields& config, const DecoderDescription& decoder) {
  TROUPE_TRY(const std::vector<std::string> types, config.texts("layer_types"));
  if (types.empty()) return {};
  if (types.size() != decoder.layers.size()) {
    return config.wrong("layer_types", fmt::format("{} entries", decoder.layers.size()));
  }
  for (size_t i = 0; i < types.size(); ++i) {
    const std::string_view expected = decoder.layers[i].window == 0 ? "full_attention" : "sliding_attention";
    if (types[i] != expected) {
      return config.unsupported("layer_types", fmt::format("{} for layer {}, as use_sliding_window, sliding_window and "
                                                           "max_window_layers have it",
                                                           expected, i));
    }
  }
  return {};
}

}  // namespace

Result<DecoderDescription> describe_qwen2(const ModelFolder& folder) {
  const JsonFields config = folder.config();
  TROUPE_TRY(DecoderDescription decoder, describe_llama_like(config, {.qkv_bias = true}));
  TROUPE_CHECK(read_windows(config, decoder));
  TROUPE_CHECK(check_layer_types(config, decoder));
  return decoder;
}

}  // namespace troupe::gpu
