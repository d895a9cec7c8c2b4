#include "gpu/model/families/encoder_families.hpp"

namespace troupe::gpu {

Result<EncoderDescription> describe_distilbert(const ModelFolder& folder, bool is_classifier) {
  const JsonFields fields = folder.config();
  TROUPE_TRY(EncoderSizes sizes, read_encoder_sizes(fields, {.hidden = "dim",
                                                             .inner = "hidden_dim",
                                                             .heads = "n_heads",
                                                             .layers = "n_layers",
                                                             .activation = "activation"}));
  EncoderDescription& description = sizes.description;
  description.norm_epsilon = 1e-12F;  // Its code has it, not its configuration.

  const std::string prefix = find_prefix(folder, "distilbert.", "embeddings.word_embeddings.weight");
  const std::string embeddings = prefix + "embeddings.";
  description.token_embedding = embeddings + "word_embeddings.weight";
  description.position_embedding = embeddings + "position_embeddings.weight";
  description.embedding_norm = embeddings + "LayerNorm";
  for (int64_t i = 0; i < sizes.layers; ++i) {
    const std::string layer = fmt::format("{}transformer.layer.{}.", prefix, i);
    description.layers.push_back({.q = layer + "attention.q_lin",
                                  .k = layer + "attention.k_lin",
                                  .v = layer + "attention.v_lin",
                                  .o = layer + "attention.out_lin",
                                  .attention_norm = layer + "sa_layer_norm",
                                  .up = layer + "ffn.lin1",
                                  .down = layer + "ffn.lin2",
                                  .output_norm = layer + "output_layer_norm"});
  }
  if (is_classifier) {
    description.classifier =
        ClassifierDescription{.dense = "pre_classifier", .activation = Activation::relu, .out = "classifier"};
    TROUPE_CHECK(read_labels(fields, *description.classifier));
  }
  return std::move(description);
}

}  // namespace troupe::gpu
