#include "gpu/model/model_config.hpp"

namespace troupe::gpu {
namespace {

constexpr int64_t max_hidden = 1 << 17;
constexpr int64_t max_intermediate = 1 << 20;
constexpr int64_t max_layers = 1024;
constexpr int64_t max_heads = 1024;
constexpr int64_t max_head_dim = 1024;
constexpr int64_t max_vocab = 1 << 22;
constexpr int64_t max_positions = 1 << 24;
constexpr double max_rope_theta = 1e12;

Status check_features(const JsonFields& fields) {
  TROUPE_TRY(const std::string activation, fields.text("hidden_act"));
  if (activation != "silu") return fields.unsupported("hidden_act", "silu");
  for (const char* key : {"attention_bias", "mlp_bias"}) {
    TROUPE_TRY(const bool bias, fields.boolean(key, false));
    if (bias) return fields.unsupported(key, "false");
  }
  for (const char* key : {"quantization_config", "sliding_window"}) {
    if (fields.has(key)) return fields.unsupported(key, "null");
  }
  return {};
}

/// One of the objects in which rope options may stand; `theta` is what is known before and after.
Status read_rope_object(const JsonFields& fields, std::string_view name, std::optional<double>& theta) {
  TROUPE_TRY(const std::optional<JsonFields> object, fields.object(name));
  if (!object) return {};
  const JsonFields& rope = *object;
  for (const char* key : {"rope_type", "type"}) {
    TROUPE_TRY(const std::string type, rope.text(key, "default"));
    if (type != "default") return rope.unsupported(key, "default");
  }
  TROUPE_TRY(const double partial, rope.number("partial_rotary_factor", 0, 1, 1.0));
  if (partial != 1.0) return rope.unsupported("partial_rotary_factor", "1");
  if (!rope.has("rope_theta")) return {};
  TROUPE_TRY(const double inner, rope.number("rope_theta", 1, max_rope_theta));
  if (theta && *theta != inner) return rope.wrong("rope_theta", fmt::format("{} as elsewhere in the file", *theta));
  theta = inner;
  return {};
}

/// Older files have rope_theta at the top and rope_scaling; newer ones have both in rope_parameters.
Result<double> read_rope_theta(const JsonFields& fields, double fallback) {
  std::optional<double> theta;
  if (fields.has("rope_theta")) {
    TROUPE_TRY(theta, fields.number("rope_theta", 1, max_rope_theta));
  }
  TROUPE_CHECK(read_rope_object(fields, "rope_parameters", theta));
  TROUPE_CHECK(read_rope_object(fields, "rope_scaling", theta));
  return theta.value_or(fallback);
}

Status read_heads(const JsonFields& fields, ModelConfig& config) {
  TROUPE_TRY(config.num_heads, fields.integer("num_attention_heads", 1, max_heads));
  TROUPE_TRY(config.num_kv_heads, fields.integer("num_key_value_heads", 1, max_heads, config.num_heads));
  if (config.num_heads % config.num_kv_heads != 0) {
    return fields.wrong("num_key_value_heads", fmt::format("a divisor of num_attention_heads = {}", config.num_heads));
  }
  if (!fields.has("head_dim") && config.hidden_size % config.num_heads != 0) {
    return fields.wrong("num_attention_heads", fmt::format("a divisor of hidden_size = {}", config.hidden_size));
  }
  TROUPE_TRY(config.head_dim, fields.integer("head_dim", 1, max_head_dim, config.hidden_size / config.num_heads));
  if (config.head_dim % 2 != 0 || config.head_dim > max_head_dim) {
    return fields.wrong("head_dim", fmt::format("an even number up to {}, not {}", max_head_dim, config.head_dim));
  }
  return {};
}

}  // namespace

Result<ModelConfig> read_model_config(const JsonFields& fields) {
  ModelConfig config;
  TROUPE_CHECK(check_features(fields));
  TROUPE_TRY(config.hidden_size, fields.integer("hidden_size", 1, max_hidden));
  TROUPE_TRY(config.intermediate_size, fields.integer("intermediate_size", 1, max_intermediate));
  TROUPE_TRY(config.num_layers, fields.integer("num_hidden_layers", 1, max_layers));
  TROUPE_TRY(config.vocab_size, fields.integer("vocab_size", 1, max_vocab));
  TROUPE_TRY(config.max_positions, fields.integer("max_position_embeddings", 1, max_positions));
  TROUPE_TRY(config.rms_norm_eps, fields.number("rms_norm_eps", 1e-12, 0.1));
  TROUPE_TRY(config.rope_theta, read_rope_theta(fields, config.rope_theta));
  TROUPE_TRY(config.tie_word_embeddings, fields.boolean("tie_word_embeddings", false));
  TROUPE_CHECK(read_heads(fields, config));
  return config;
}

Result<ModelConfig> read_llama_config(const ModelFolder& folder) {
  const bool is_llama =
      folder.architecture().empty() ? folder.model_type() == "llama" : folder.architecture() == "LlamaForCausalLM";
  if (!is_llama) return folder.config().unsupported("architectures", "LlamaForCausalLM");
  return read_model_config(folder.config());
}

}  // namespace troupe::gpu
