#pragma once
// What changes a row of logits before a token is drawn from it: biases, penalties, tokens that must not come yet.

#include <cstdint>
#include <span>

#include "gpu/engine/constraint/token_tree.hpp"
#include "gpu/engine/sampling_params.hpp"
#include "gpu/engine/token_counts.hpp"

namespace troupe::gpu {

/// Whether `params` leave all logits as they are; what must not come yet apart.
bool leave_logits(const SamplingParams& params) noexcept;
/// Whether `params` ask for a sequence's TokenCounts.
bool need_counts(const SamplingParams& params) noexcept;

/// In this order: adds biases; divides the logits above 0 of tokens that `counts` has seen by repetition_penalty and
/// multiplies the others (Keskar et al. 2019, "CTRL"); takes frequency_penalty off for each time a token was generated,
/// and presence_penalty once; makes `banned` impossible. Biases and bans of tokens that `logits` does not have are
/// passed over.
void apply_rules(const SamplingParams& params, const TokenCounts& counts, std::span<const int32_t> banned,
                 std::span<float> logits);

/// After apply_rules(): makes all tokens impossible but those of `mask` and, where the text may end, `ends`.
void allow_only(const TokenMask& mask, bool may_end, std::span<const int32_t> ends, std::span<float> logits);

/// Whether a rule has made the token of this logit impossible.
bool is_impossible(float logit) noexcept;

}  // namespace troupe::gpu
