#include "gpu/model/families/encoder_families.hpp"

namespace troupe::gpu {

Result<EncoderDescription> describe_bert(const ModelFolder& folder, bool is_classifier) {
  const std::string prefix = find_prefix(folder, "bert.", "embeddings.word_embeddings.weight");
  TROUPE_TRY(EncoderDescription description, describe_bert_like(folder, prefix));
  if (is_classifier) {
    description.classifier =
        ClassifierDescription{.dense = prefix + "pooler.dense", .activation = Activation::tanh, .out = "classifier"};
    TROUPE_CHECK(read_labels(folder.config(), *description.classifier));
  }
  return description;
}

}  // namespace troupe::gpu
