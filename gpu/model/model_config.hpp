#pragma once
// ModelConfig: the shape of a Llama-family model, as its config.json gives it.

#include <cstdint>

#include "gpu/loader/model_folder.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

struct ModelConfig {
  int64_t hidden_size = 0;        ///< Width of the residual stream.
  int64_t intermediate_size = 0;  ///< Width of the gated MLP.
  int64_t num_layers = 0;
  int64_t num_heads = 0;
  int64_t num_kv_heads = 0;  ///< Divides num_heads; absent = num_heads.
  int64_t head_dim = 0;  ///< Even; absent = hidden_size / num_heads. num_heads * head_dim may differ from hidden_size.
  int64_t vocab_size = 0;
  int64_t max_positions = 0;  ///< Longest sequence, in tokens.
  double rms_norm_eps = 0;
  double rope_theta = 10'000;  ///< Absent = 10000.
  bool tie_word_embeddings = false;
};

/// Reads and checks a config.json. What this version cannot compute is refused by name (unimplemented): another
/// activation, rope types other than "default", biases, quantisation, sliding windows. A missing, ill-typed or
/// out-of-range value is invalid_argument with the key in `field`.
Result<ModelConfig> read_model_config(const JsonFields& fields);

/// As read_model_config(), of a folder. Another architecture is refused by name.
Result<ModelConfig> read_llama_config(const ModelFolder& folder);

}  // namespace troupe::gpu
