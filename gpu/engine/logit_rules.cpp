#include "gpu/engine/logit_rules.hpp"

#include <limits>
#include <utility>
#include <vector>

namespace troupe::gpu {
namespace {

/// Finite, so that it isn't taken for a defect of the model; no temperature makes it possible.
constexpr float impossible = std::numeric_limits<float>::lowest();

float penalized(float logit, uint32_t generated, const SamplingParams& params) {
  logit = logit > 0 ? logit / params.repetition_penalty : logit * params.repetition_penalty;
  if (generated == 0) return logit;
  return logit - params.frequency_penalty * static_cast<float>(generated) - params.presence_penalty;
}

}  // namespace

bool leave_logits(const SamplingParams& params) noexcept {
  return params.logit_bias.empty() && !need_counts(params);
}

bool need_counts(const SamplingParams& params) noexcept {
  return params.repetition_penalty != 1 || params.frequency_penalty != 0 || params.presence_penalty != 0;
}

void apply_rules(const SamplingParams& params, const TokenCounts& counts, std::span<const int32_t> banned,
                 std::span<float> logits) {
  const auto has = [&](int32_t token) { return token >= 0 && static_cast<size_t>(token) < logits.size(); };
  for (const auto& [token, bias] : params.logit_bias) {
    if (has(token)) logits[static_cast<size_t>(token)] += bias;
  }
  if (need_counts(params)) {
    for (const auto& [token, generated] : counts.seen()) {
      float& logit = logits[static_cast<size_t>(token)];
      logit = penalized(logit, generated, params);
    }
  }
  for (const int32_t token : banned) {
    if (has(token)) logits[static_cast<size_t>(token)] = impossible;
  }
}

void allow_only(const TokenMask& mask, bool may_end, std::span<const int32_t> ends, std::span<float> logits) {
  std::vector<std::pair<size_t, float>> kept;
  for (const int32_t token : may_end ? ends : std::span<const int32_t>()) {
    const auto at = static_cast<size_t>(token);
    if (at < logits.size()) kept.emplace_back(at, logits[at]);
  }
  mask.apply(logits, impossible);
  for (const auto& [at, logit] : kept) logits[at] = logit;
}

bool is_impossible(float logit) noexcept {
  return logit == impossible;
}

}  // namespace troupe::gpu
