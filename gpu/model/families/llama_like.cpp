#include "gpu/model/families/llama_like.hpp"

#include "gpu/model/families/limits.hpp"

namespace troupe::gpu {
namespace {

Status read_heads(const JsonFields& config, DecoderDescription& decoder) {
  TROUPE_TRY(decoder.heads, config.integer("num_attention_heads", 1, max_heads));
  TROUPE_TRY(decoder.kv_heads, config.integer("num_key_value_heads", 1, max_heads, decoder.heads));
  if (decoder.heads % decoder.kv_heads != 0) {
    return config.wrong("num_key_value_heads", fmt::format("a divisor of num_attention_heads = {}", decoder.heads));
  }
  if (!config.has("head_dim") && decoder.hidden % decoder.heads != 0) {
    return config.wrong("num_attention_heads", fmt::format("a divisor of hidden_size = {}", decoder.hidden));
  }
  TROUPE_TRY(decoder.head_dim, config.integer("head_dim", 1, max_head_dim, decoder.hidden / decoder.heads));
  if (decoder.head_dim % 2 != 0 || decoder.head_dim > max_head_dim) {
    return config.wrong("head_dim", fmt::format("an even number up to {}, not {}", max_head_dim, decoder.head_dim));
  }
  return {};
}

DecoderLayerDescription describe_layer(int64_t index, const LlamaLikeTraits& traits) {
  const auto norm = [&](const char* name) -> NormSource {
    return {fmt::format("model.layers.{}.{}.weight", index, name), {}};
  };
  const auto linear = [&](const char* name, bool bias) {
    const std::string path = fmt::format("model.layers.{}.{}", index, name);
    return LinearSource{.weight = path + ".weight", .bias = bias ? path + ".bias" : ""};
  };
  return {.attention_norm = norm("input_layernorm"),
          .q = linear("self_attn.q_proj", traits.qkv_bias),
          .k = linear("self_attn.k_proj", traits.qkv_bias),
          .v = linear("self_attn.v_proj", traits.qkv_bias),
          .o = linear("self_attn.o_proj", traits.o_bias),
          .mlp_norm = norm("post_attention_layernorm"),
          .gate = linear("mlp.gate_proj", traits.mlp_bias),
          .up = linear("mlp.up_proj", traits.mlp_bias),
          .down = linear("mlp.down_proj", traits.mlp_bias)};
}

}  // namespace

Result<DecoderDescription> describe_llama_like(const JsonFields& config, const LlamaLikeTraits& traits) {
  TROUPE_TRY(const std::string activation, config.text("hidden_act"));
  if (activation != "silu") return config.unsupported("hidden_act", "silu");

  DecoderDescription decoder;
  TROUPE_TRY(decoder.hidden, config.integer("hidden_size", 1, max_hidden));
  TROUPE_TRY(decoder.inner, config.integer("intermediate_size", 1, max_inner));
  TROUPE_TRY(decoder.vocabulary, config.integer("vocab_size", 1, max_vocabulary));
  TROUPE_TRY(decoder.max_positions, config.integer("max_position_embeddings", 1, max_positions));
  TROUPE_TRY(const double epsilon, config.number("rms_norm_eps", min_epsilon, max_epsilon));
  decoder.norm_epsilon = static_cast<float>(epsilon);
  TROUPE_CHECK(read_heads(config, decoder));
  TROUPE_TRY(decoder.rotary, read_rotary(config, decoder.head_dim, decoder.max_positions));

  TROUPE_TRY(const int64_t layers, config.integer("num_hidden_layers", 1, max_layers));
  for (int64_t i = 0; i < layers; ++i) decoder.layers.push_back(describe_layer(i, traits));
  TROUPE_TRY(const bool tied, config.boolean("tie_word_embeddings", false));
  decoder.token_embedding = "model.embed_tokens.weight";
  decoder.final_norm.weight = "model.norm.weight";
  if (!tied) decoder.head = "lm_head.weight";
  return decoder;
}

Result<int64_t> read_sliding_window(const JsonFields& config) {
  if (!config.has("sliding_window")) return 0;
  return config.integer("sliding_window", 1, max_positions);
}

}  // namespace troupe::gpu
