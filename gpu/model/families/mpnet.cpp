#include "gpu/model/families/encoder_families.hpp"

namespace troupe::gpu {
namespace {

/// Its code has it, whatever pad_token_id of the configuration says.
constexpr int32_t padding_id = 1;
constexpr int64_t max_buckets = 1 << 16;

}  // namespace

Result<EncoderDescription> describe_mpnet(const ModelFolder& folder, bool is_classifier) {
  const JsonFields fields = folder.config();
  TROUPE_TRY(EncoderSizes sizes, read_encoder_sizes(fields, {}));
  EncoderDescription& description = sizes.description;
  TROUPE_TRY(description.norm_epsilon, read_norm_epsilon(fields));
  TROUPE_CHECK(begin_behind_padding(fields, padding_id, description));
  TROUPE_TRY(description.relative_buckets, fields.integer("relative_attention_num_buckets", 4, max_buckets, 32));
  // Its code computes 32 buckets whatever the configuration says.
  if (description.relative_buckets != 32) return fields.unsupported("relative_attention_num_buckets", "32");

  const std::string prefix = find_prefix(folder, "mpnet.", "embeddings.word_embeddings.weight");
  const std::string embeddings = prefix + "embeddings.";
  description.token_embedding = embeddings + "word_embeddings.weight";
  description.position_embedding = embeddings + "position_embeddings.weight";
  description.embedding_norm = embeddings + "LayerNorm";
  description.relative_bias = prefix + "encoder.relative_attention_bias.weight";
  for (int64_t i = 0; i < sizes.layers; ++i) {
    const std::string layer = fmt::format("{}encoder.layer.{}.", prefix, i);
    description.layers.push_back({.q = layer + "attention.attn.q",
                                  .k = layer + "attention.attn.k",
                                  .v = layer + "attention.attn.v",
                                  .o = layer + "attention.attn.o",
                                  .attention_norm = layer + "attention.LayerNorm",
                                  .up = layer + "intermediate.dense",
                                  .down = layer + "output.dense",
                                  .output_norm = layer + "output.LayerNorm"});
  }
  if (is_classifier) {
    description.classifier = ClassifierDescription{
        .dense = "classifier.dense", .activation = Activation::tanh, .out = "classifier.out_proj"};
    TROUPE_CHECK(read_labels(fields, *description.classifier));
  }
  return std::move(description);
}

}  // namespace troupe::gpu
