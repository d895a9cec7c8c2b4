#pragma once
// The families of encoders, one function and file each, and what their configurations have in common.

#include <initializer_list>
#include <string>
#include <string_view>

#include "gpu/model/encoder_description.hpp"

namespace troupe::gpu {

/// BERT (Devlin et al. 2018).
Result<EncoderDescription> describe_bert(const ModelFolder& folder, bool is_classifier);
/// RoBERTa (Liu et al. 2019) and XLM-RoBERTa: BERT whose positions begin behind the padding token's id.
Result<EncoderDescription> describe_roberta(const ModelFolder& folder, bool is_classifier);
/// DistilBERT (Sanh et al. 2019): no token types, names of its own.
Result<EncoderDescription> describe_distilbert(const ModelFolder& folder, bool is_classifier);
/// MPNet (Song et al. 2020): positions as in RoBERTa, and a bias by the distance of two tokens.
Result<EncoderDescription> describe_mpnet(const ModelFolder& folder, bool is_classifier);

/// The keys by which a family's config.json says its sizes.
struct EncoderKeys {
  const char* hidden = "hidden_size";
  const char* inner = "intermediate_size";
  const char* heads = "num_attention_heads";
  const char* layers = "num_hidden_layers";
  const char* activation = "hidden_act";
};

struct EncoderSizes {
  EncoderDescription description;  ///< hidden, inner, heads, vocabulary, max_tokens (all positions), activation.
  int64_t layers = 0;
};

/// Reads sizes and activation, and refuses what no family here has: quantisation, decoders, cross-attention, heads
/// taken out, positions other than absolute ones.
Result<EncoderSizes> read_encoder_sizes(const JsonFields& fields, const EncoderKeys& keys);
Result<float> read_norm_epsilon(const JsonFields& fields);

/// Labels (id2label, or LABEL_0 to LABEL_n by num_labels, 2 without it) and how scores are made: as
/// sentence_transformers.activation_fn says, or as the text-classification pipeline of transformers does.
Status read_labels(const JsonFields& fields, ClassifierDescription& classifier);

/// "bert." where the encoder's tensors stand under that name, and nothing where they stand alone. `tensor` is one of
/// them.
std::string find_prefix(const ModelFolder& folder, std::string_view prefix, std::string_view tensor);

/// What BERT and RoBERTa share: sizes, names and token types.
Result<EncoderDescription> describe_bert_like(const ModelFolder& folder, const std::string& prefix);

/// Sets the positions of families that leave rows 0 to `padding_id` of the position table to padding.
Status begin_behind_padding(const JsonFields& fields, int32_t padding_id, EncoderDescription& description);

}  // namespace troupe::gpu
