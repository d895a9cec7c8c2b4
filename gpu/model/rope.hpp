#pragma once
// Rotary position embeddings (Su et al. 2021) and the scalings of them that config.json files ask for.

#include <cstdint>
#include <vector>

#include "gpu/loader/json_fields.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

struct Rotary {
  std::vector<float> frequencies;  ///< [head_dim / 2]: radians a position.
  float scale = 1;                 ///< Of the cosines and sines.
};

/// Reads rope_theta (absent = 10000) and rope_parameters, or rope_scaling in older files. Types: default, linear (Chen
/// et al. 2023), llama3 (Llama 3.1) and yarn (Peng et al. 2023). Computed in fp32 step by step as transformers does.
/// Errors: unimplemented naming another type, or a rotation of part of a head; invalid_argument naming the key.
Result<Rotary> read_rotary(const JsonFields& config, int64_t head_dim, int64_t max_positions);

}  // namespace troupe::gpu
