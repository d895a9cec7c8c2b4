#include "gpu/model/families/encoder_families.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "gpu/model/families/limits.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;

constexpr int64_t max_labels = 1 << 16;
constexpr int64_t max_types = 1 << 16;

constexpr std::array<std::pair<std::string_view, Activation>, 7> activation_names{
    {{"gelu", Activation::gelu},
     {"gelu_python", Activation::gelu},
     {"gelu_new", Activation::gelu_tanh},
     {"gelu_fast", Activation::gelu_tanh},
     {"gelu_pytorch_tanh", Activation::gelu_tanh},
     {"relu", Activation::relu},
     {"tanh", Activation::tanh}}};

Result<Activation> read_activation(const JsonFields& fields, const char* key) {
  TROUPE_TRY(const std::string name, fields.text(key, "gelu"));
  const auto found = std::ranges::find(activation_names, name, &std::pair<std::string_view, Activation>::first);
  if (found == activation_names.end()) {
    return fields.unsupported(key, "gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu, tanh");
  }
  return found->second;
}

Status refuse_variants(const JsonFields& fields) {
  if (fields.has("quantization_config")) return fields.unsupported("quantization_config", "null");
  for (const char* key : {"is_decoder", "add_cross_attention"}) {
    TROUPE_TRY(const bool is_on, fields.boolean(key, false));
    if (is_on) return fields.unsupported(key, "false");
  }
  if (const json* pruned = fields.find("pruned_heads"); pruned != nullptr && !pruned->empty()) {
    return fields.unsupported("pruned_heads", "none");
  }
  TROUPE_TRY(const std::string positions, fields.text("position_embedding_type", "absolute"));
  if (positions != "absolute") return fields.unsupported("position_embedding_type", "absolute");
  return {};
}

Result<std::vector<std::string>> read_label_names(const JsonFields& fields) {
  TROUPE_TRY(const std::optional<JsonFields> names, fields.object("id2label"));
  std::vector<std::string> labels;
  if (names) {
    const size_t count = fields.find("id2label")->size();
    for (size_t i = 0; i < count && i < max_labels; ++i) {
      TROUPE_TRY(labels.emplace_back(), names->text(std::to_string(i)));
    }
  }
  if (!labels.empty()) return labels;
  TROUPE_TRY(const int64_t count, fields.integer("num_labels", 1, max_labels, 2));
  for (int64_t i = 0; i < count; ++i) labels.push_back(fmt::format("LABEL_{}", i));
  return labels;
}

/// The function that a folder written by sentence-transformers names; empty where it names none.
Result<std::string> read_stated_function(const JsonFields& fields) {
  TROUPE_TRY(const std::optional<JsonFields> inner, fields.object("sentence_transformers"));
  if (inner && inner->has("activation_fn")) return inner->text("activation_fn");
  return fields.text("sbert_ce_default_activation_function", "");
}

Result<ScoreFunction> read_score_function(const JsonFields& fields, size_t labels) {
  TROUPE_TRY(const std::string stated, read_stated_function(fields));
  if (stated.ends_with(".Identity")) return ScoreFunction::identity;
  if (stated.ends_with(".Sigmoid")) return ScoreFunction::sigmoid;
  if (!stated.empty()) {
    return fail(Errc::unimplemented, "{}: scores by {} are not supported; supported: Identity and Sigmoid of torch.nn",
                fields.file(), stated);
  }
  TROUPE_TRY(const std::string problem, fields.text("problem_type", ""));
  if (problem == "regression") return ScoreFunction::identity;
  if (problem == "multi_label_classification" || labels == 1) return ScoreFunction::sigmoid;
  if (problem.empty() || problem == "single_label_classification") return ScoreFunction::softmax;
  return fields.unsupported("problem_type", "regression, single_label_classification and multi_label_classification");
}

}  // namespace

Result<EncoderSizes> read_encoder_sizes(const JsonFields& fields, const EncoderKeys& keys) {
  TROUPE_CHECK(refuse_variants(fields));
  EncoderSizes sizes;
  EncoderDescription& description = sizes.description;
  TROUPE_TRY(description.hidden, fields.integer(keys.hidden, 1, max_hidden));
  TROUPE_TRY(description.inner, fields.integer(keys.inner, 1, max_inner));
  TROUPE_TRY(description.heads, fields.integer(keys.heads, 1, max_heads));
  if (description.hidden % description.heads != 0) {
    return fields.wrong(keys.heads, fmt::format("a divisor of {} = {}", keys.hidden, description.hidden));
  }
  TROUPE_TRY(sizes.layers, fields.integer(keys.layers, 1, max_layers));
  TROUPE_TRY(description.vocabulary, fields.integer("vocab_size", 1, max_vocabulary));
  TROUPE_TRY(description.max_tokens, fields.integer("max_position_embeddings", 1, max_positions));
  TROUPE_TRY(description.activation, read_activation(fields, keys.activation));
  return sizes;
}

Result<float> read_norm_epsilon(const JsonFields& fields) {
  TROUPE_TRY(const double epsilon, fields.number("layer_norm_eps", min_epsilon, max_epsilon, 1e-12));
  return static_cast<float>(epsilon);
}

Status read_labels(const JsonFields& fields, ClassifierDescription& classifier) {
  TROUPE_TRY(classifier.labels, read_label_names(fields));
  TROUPE_TRY(classifier.scores, read_score_function(fields, classifier.labels.size()));
  return {};
}

std::string find_prefix(const ModelFolder& folder, std::string_view prefix, std::string_view tensor) {
  const std::string with = std::string(prefix) + std::string(tensor);
  return folder.has_tensor(with) ? std::string(prefix) : std::string();
}

Result<EncoderDescription> describe_bert_like(const ModelFolder& folder, const std::string& prefix) {
  const JsonFields fields = folder.config();
  TROUPE_TRY(EncoderSizes sizes, read_encoder_sizes(fields, {}));
  EncoderDescription& description = sizes.description;
  TROUPE_TRY(description.norm_epsilon, read_norm_epsilon(fields));
  TROUPE_TRY(description.token_types, fields.integer("type_vocab_size", 1, max_types, 2));

  const std::string embeddings = prefix + "embeddings.";
  description.token_embedding = embeddings + "word_embeddings.weight";
  description.position_embedding = embeddings + "position_embeddings.weight";
  description.type_embedding = embeddings + "token_type_embeddings.weight";
  description.embedding_norm = embeddings + "LayerNorm";
  for (int64_t i = 0; i < sizes.layers; ++i) {
    const std::string layer = fmt::format("{}encoder.layer.{}.", prefix, i);
    description.layers.push_back({.q = layer + "attention.self.query",
                                  .k = layer + "attention.self.key",
                                  .v = layer + "attention.self.value",
                                  .o = layer + "attention.output.dense",
                                  .attention_norm = layer + "attention.output.LayerNorm",
                                  .up = layer + "intermediate.dense",
                                  .down = layer + "output.dense",
                                  .output_norm = layer + "output.LayerNorm"});
  }
  return std::move(description);
}

Status begin_behind_padding(const JsonFields& fields, int32_t padding_id, EncoderDescription& description) {
  description.padding_id = padding_id;
  description.first_position = padding_id + 1;
  if (description.max_tokens <= description.first_position) {
    return fields.wrong("max_position_embeddings", fmt::format("more than {}", description.first_position));
  }
  description.max_tokens -= description.first_position;
  return {};
}

}  // namespace troupe::gpu
