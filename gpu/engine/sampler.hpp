#pragma once
// Sampler: the next token from a row of logits.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gpu/engine/sampling_params.hpp"

namespace troupe::gpu {

/// Uniform in [0, 1), a pure function of its arguments: SplitMix64's mixer (Steele, Lea, Flood 2014) over both.
double uniform_at(uint64_t seed, uint64_t position) noexcept;

/// Keeps scratch memory between calls, and nothing else. Not thread-safe.
class Sampler {
 public:
  /// Temperature, then min_p (Nguyen et al. 2024), then top_k, then top_p over what is left (Holtzman et al. 2020), as
  /// vLLM does; among equal logits the lower token goes first. Penalties and biases are apply_rules()'s. `position` is
  /// the new token's place in its sequence: with the seed it fixes the draw, whatever else is computed meanwhile. None
  /// if a logit is not finite. Requires valid `params`.
  std::optional<int32_t> sample(std::span<const float> logits, const SamplingParams& params, uint64_t position);

 private:
  struct Candidate {
    float weight;
    int32_t token;
  };

  void keep_min_p(float share);
  void keep_top_k(size_t k);
  double keep_top_p(double share, double total);

  std::vector<Candidate> candidates_;
};

}  // namespace troupe::gpu
