#pragma once
// EncoderDescription: what an encoder of texts is made of and what its tensors are called. A family of models writes it
// from config.json (see families/); Encoder computes it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gpu/loader/model_folder.hpp"
#include "gpu/tensor/functions.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Names of a layer's parts: of each there are NAME.weight and NAME.bias. A layer is
/// x = norm(x + o(attention(q(x), k(x), v(x)))), then x = norm(x + down(activation(up(x)))).
struct EncoderLayerNames {
  std::string q, k, v, o;
  std::string attention_norm;
  std::string up, down;
  std::string output_norm;
};

/// How scores are made of logits.
enum class ScoreFunction : uint8_t { identity, sigmoid, softmax };

/// logits = out(activation(dense(x))), x the vector of a sequence's first token.
struct ClassifierDescription {
  std::vector<std::string> labels;
  std::string dense;  ///< [hidden, hidden]
  Activation activation = Activation::tanh;
  std::string out;  ///< [labels, hidden]
  ScoreFunction scores = ScoreFunction::softmax;
};

struct EncoderDescription {
  int64_t hidden = 0;  ///< Width of the residual stream.
  int64_t inner = 0;   ///< Width of the MLP.
  int64_t heads = 0;   ///< Divides hidden.
  int64_t vocabulary = 0;
  int64_t max_tokens = 0;  ///< Longest sequence.
  float norm_epsilon = 0;
  Activation activation = Activation::gelu;

  std::string token_embedding;     ///< [vocabulary, hidden]
  std::string position_embedding;  ///< [first_position + max_tokens, hidden]
  int64_t first_position = 0;      ///< Row of a sequence's first token.
  /// A token of this id takes row first_position - 1 and does not count among the positions; -1: none is so.
  int32_t padding_id = -1;
  int64_t token_types = 0;
  std::string type_embedding;  ///< [token_types, hidden]; empty: none.
  std::string embedding_norm;
  int64_t relative_buckets = 0;
  std::string relative_bias;  ///< [relative_buckets, heads]; empty: none.
  std::vector<EncoderLayerNames> layers;
  std::optional<ClassifierDescription> classifier;
};

/// What the folder's config.json describes. Errors: unimplemented, naming an architecture or option that is not
/// supported; invalid_argument naming a key that is missing or out of range.
Result<EncoderDescription> describe_encoder(const ModelFolder& folder);

/// True where describe_encoder() knows the folder's architecture.
bool is_encoder(const ModelFolder& folder);

}  // namespace troupe::gpu
