#include "gpu/loader/model_config.hpp"

#include <nlohmann/json.hpp>

#include "gpu/loader/json_fields.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;

constexpr uint64_t max_file_bytes = 1 << 20;
constexpr int64_t max_hidden = 1 << 17;
constexpr int64_t max_intermediate = 1 << 20;
constexpr int64_t max_layers = 1024;
constexpr int64_t max_heads = 1024;
constexpr int64_t max_head_dim = 1024;
constexpr int64_t max_vocab = 1 << 22;
constexpr int64_t max_positions = 1 << 24;
constexpr double max_rope_theta = 1e12;

tl::unexpected<Error> unsupported(const JsonFields& fields, std::string_view key, std::string_view found,
                                  std::string_view supported) {
  return fail(Error{Errc::unimplemented,
                    fmt::format("{}: {}: {} is not supported; supported: {}", fields.file(), key, found, supported),
                    std::string(key),
                    {}});
}

Result<std::string> read_architecture(const JsonFields& fields) {
  const json* list = fields.find("architectures");
  if (list == nullptr || !list->is_array() || list->size() != 1 || !list->front().is_string()) {
    return fields.wrong("architectures", "a list of one string");
  }
  const auto name = list->front().get<std::string>();
  if (name != "LlamaForCausalLM") return unsupported(fields, "architectures", name, "LlamaForCausalLM");
  return name;
}

Status check_features(const JsonFields& fields) {
  TROUPE_TRY(const std::string activation, fields.text("hidden_act"));
  if (activation != "silu") return unsupported(fields, "hidden_act", activation, "silu");
  for (const char* key : {"attention_bias", "mlp_bias"}) {
    TROUPE_TRY(const bool bias, fields.boolean(key, false));
    if (bias) return unsupported(fields, key, "true", "false");
  }
  for (const char* key : {"quantization_config", "sliding_window"}) {
    if (const json* value = fields.find(key)) return unsupported(fields, key, value->dump().substr(0, 100), "null");
  }
  return {};
}

/// One of the objects in which rope options may stand; `theta` is what is known before and after.
Status read_rope_object(const JsonFields& fields, std::string_view name, std::optional<double>& theta) {
  const json* object = fields.find(name);
  if (object == nullptr) return {};
  if (!object->is_object()) return fields.wrong(name, "an object or null");

  const std::string prefix = std::string(name) + ".";
  const JsonFields rope(fields.file(), *object, prefix);
  for (const char* key : {"rope_type", "type"}) {
    TROUPE_TRY(const std::string type, rope.text(key, "default"));
    if (type != "default") return unsupported(fields, prefix + key, type, "default");
  }
  TROUPE_TRY(const double partial, rope.number("partial_rotary_factor", 0, 1, 1.0));
  if (partial != 1.0) return unsupported(fields, prefix + "partial_rotary_factor", fmt::to_string(partial), "1");
  if (rope.find("rope_theta") == nullptr) return {};
  TROUPE_TRY(const double inner, rope.number("rope_theta", 1, max_rope_theta));
  if (theta && *theta != inner) return rope.wrong("rope_theta", fmt::format("{} as elsewhere in the file", *theta));
  theta = inner;
  return {};
}

/// Older files have rope_theta at the top and rope_scaling; newer ones have both in rope_parameters.
Result<double> read_rope_theta(const JsonFields& fields, double fallback) {
  std::optional<double> theta;
  if (fields.find("rope_theta") != nullptr) {
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
  if (fields.find("head_dim") == nullptr && config.hidden_size % config.num_heads != 0) {
    return fields.wrong("num_attention_heads", fmt::format("a divisor of hidden_size = {}", config.hidden_size));
  }
  TROUPE_TRY(config.head_dim, fields.integer("head_dim", 1, max_head_dim, config.hidden_size / config.num_heads));
  if (config.head_dim % 2 != 0 || config.head_dim > max_head_dim) {
    return fields.wrong("head_dim", fmt::format("an even number up to {}, not {}", max_head_dim, config.head_dim));
  }
  return {};
}

Status read_token_ids(const JsonFields& fields, ModelConfig& config) {
  TROUPE_TRY(const std::vector<int32_t> bos, fields.ids("bos_token_id", 0, config.vocab_size - 1));
  if (bos.size() > 1) return fields.wrong("bos_token_id", "one id");
  if (!bos.empty()) config.bos_token_id = bos.front();
  TROUPE_TRY(config.eos_token_ids, fields.ids("eos_token_id", 0, config.vocab_size - 1));
  return {};
}

}  // namespace

Result<ModelConfig> read_model_config(const std::filesystem::path& file) {
  TROUPE_TRY(const json object, read_json_object(file, max_file_bytes));
  const JsonFields fields(file.string(), object);

  ModelConfig config;
  TROUPE_TRY(config.architecture, read_architecture(fields));
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
  TROUPE_CHECK(read_token_ids(fields, config));
  return config;
}

}  // namespace troupe::gpu
