#include "gpu/model/families/encoder_families.hpp"

namespace troupe::gpu {

Result<EncoderDescription> describe_roberta(const ModelFolder& folder, bool is_classifier) {
  const JsonFields fields = folder.config();
  const std::string prefix = find_prefix(folder, "roberta.", "embeddings.word_embeddings.weight");
  TROUPE_TRY(EncoderDescription description, describe_bert_like(folder, prefix));
  TROUPE_TRY(const int64_t padding_id, fields.integer("pad_token_id", 0, description.vocabulary - 1, 1));
  TROUPE_CHECK(begin_behind_padding(fields, static_cast<int32_t>(padding_id), description));
  if (is_classifier) {
    description.classifier = ClassifierDescription{
        .dense = "classifier.dense", .activation = Activation::tanh, .out = "classifier.out_proj"};
    TROUPE_CHECK(read_labels(fields, *description.classifier));
  }
  return description;
}

}  // namespace troupe::gpu
