#pragma once
// DecoderDescription: what a decoder-only transformer is made of and what its tensors are called. A family of models
// writes it from config.json (see families/); Decoder computes it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gpu/model/rope.hpp"
#include "gpu/model/weight_loader.hpp"
#include "gpu/tensor/functions.hpp"

namespace troupe::gpu {

enum class NormKind : uint8_t {
  rms,    ///< Device::rms_norm(), no bias.
  layer,  ///< Device::layer_norm()
};

struct NormSource {
  std::string weight;
  std::string bias;  ///< Of a layer norm.
};

/// One layer: x += attention(norm(x)), then x += mlp(norm(x)).
struct DecoderLayerDescription {
  NormSource attention_norm;
  LinearSource q, k, v, o;
  int64_t window = 0;  ///< A token sees itself and window - 1 before it; 0 = all before it.
  NormSource mlp_norm;
  LinearSource gate;  ///< Of a gated MLP.
  LinearSource up, down;
};

struct DecoderDescription {
  int64_t hidden = 0;  ///< Width of the residual stream.
  int64_t inner = 0;   ///< Width of the MLP.
  int64_t heads = 0;
  int64_t kv_heads = 0;  ///< Divides heads.
  int64_t head_dim = 0;  ///< heads * head_dim may differ from hidden.
  int64_t vocabulary = 0;
  int64_t max_positions = 0;  ///< Longest sequence, in tokens.

  NormKind norm = NormKind::rms;
  float norm_epsilon = 0;
  std::optional<Rotary> rotary;
  /// Of a plain MLP: down(activation(up(x))). None: the gated down(silu(gate(x)) * up(x)).
  std::optional<Activation> plain_activation;

  std::string token_embedding;     ///< [vocabulary, hidden]
  std::string position_embedding;  ///< [max_positions, hidden], added to the token's; empty: none.
  std::vector<DecoderLayerDescription> layers;
  NormSource final_norm;
  std::string head;  ///< [vocabulary, hidden]; empty: the token embedding is the head too.
};

}  // namespace troupe::gpu
