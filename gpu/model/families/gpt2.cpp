// GPT-2 (Radford et al. 2019): layer norms, learned positions, a plain MLP, weights stored as [in, out].

#include "gpu/model/decoder_families.hpp"
#include "gpu/model/families/limits.hpp"

namespace troupe::gpu {
namespace {

Result<Activation> read_activation(const JsonFields& config) {
  TROUPE_TRY(const std::string name, config.text("activation_function", "gelu_new"));
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::gelu_tanh;
  if (name == "gelu") return Activation::gelu;
  if (name == "relu") return Activation::relu;
  return config.unsupported("activation_function", "gelu_new, gelu_pytorch_tanh, gelu, relu");
}

Status check_features(const JsonFields& config) {
  for (const char* key : {"scale_attn_by_inverse_layer_idx", "add_cross_attention"}) {
    TROUPE_TRY(const bool wanted, config.boolean(key, false));
    if (wanted) return config.unsupported(key, "false");
  }
  TROUPE_TRY(const bool scaled, config.boolean("scale_attn_weights", true));
  if (!scaled) return config.unsupported("scale_attn_weights", "true");
  return {};
}

Status read_shape(const JsonFields& config, DecoderDescription& decoder) {
  TROUPE_TRY(decoder.hidden, config.integer("n_embd", 1, max_hidden));
  TROUPE_TRY(decoder.heads, config.integer("n_head", 1, max_heads));
  if (decoder.hidden % decoder.heads != 0) {
    return config.wrong("n_head", fmt::format("a divisor of n_embd = {}", decoder.hidden));
  }
  decoder.kv_heads = decoder.heads;
  decoder.head_dim = decoder.hidden / decoder.heads;
  TROUPE_TRY(decoder.inner, config.integer("n_inner", 1, max_inner, 4 * decoder.hidden));
  TROUPE_TRY(decoder.vocabulary, config.integer("vocab_size", 1, max_vocabulary));
  TROUPE_TRY(decoder.max_positions, config.integer("n_positions", 1, max_positions));
  TROUPE_TRY(const double epsilon, config.number("layer_norm_epsilon", min_epsilon, max_epsilon, 1e-5));
  decoder.norm_epsilon = static_cast<float>(epsilon);
  return {};
}

DecoderLayerDescription describe_layer(const std::string& path, int64_t hidden) {
  const auto norm = [&](const char* name) { return NormSource{path + name + ".weight", path + name + ".bias"}; };
  const auto linear = [&](const char* name) {
    return LinearSource{.weight = path + name + ".weight", .bias = path + name + ".bias", .transposed = true};
  };
  // Queries, keys and values stand beside each other in one tensor.
  const auto attention = [&](int64_t index) {
    LinearSource source = linear("attn.c_attn");
    source.first_row = index * hidden;
    source.stored_rows = 3 * hidden;
    return source;
  };
  return {.attention_norm = norm("ln_1"),
          .q = attention(0),
          .k = attention(1),
          .v = attention(2),
          .o = linear("attn.c_proj"),
          .mlp_norm = norm("ln_2"),
          .gate = {},
          .up = linear("mlp.c_fc"),
          .down = linear("mlp.c_proj")};
}

}  // namespace

Result<DecoderDescription> describe_gpt2(const ModelFolder& folder) {
  const JsonFields config = folder.config();
  DecoderDescription decoder;
  TROUPE_CHECK(check_features(config));
  TROUPE_CHECK(read_shape(config, decoder));
  TROUPE_TRY(decoder.plain_activation, read_activation(config));
  decoder.norm = NormKind::layer;

  // The first published files have no prefix, those of later versions have one.
  const std::string prefix = folder.has_tensor("wte.weight") ? "" : "transformer.";
  TROUPE_TRY(const int64_t layers, config.integer("n_layer", 1, max_layers));
  for (int64_t i = 0; i < layers; ++i) {
    decoder.layers.push_back(describe_layer(fmt::format("{}h.{}.", prefix, i), decoder.hidden));
  }
  decoder.token_embedding = prefix + "wte.weight";
  decoder.position_embedding = prefix + "wpe.weight";
  decoder.final_norm = {prefix + "ln_f.weight", prefix + "ln_f.bias"};
  TROUPE_TRY(const bool tied, config.boolean("tie_word_embeddings", true));
  if (!tied) decoder.head = "lm_head.weight";
  return decoder;
}

}  // namespace troupe::gpu
