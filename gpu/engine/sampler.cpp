#include "gpu/engine/sampler.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::gpu {
namespace {

uint64_t mix(uint64_t bits) noexcept {
  bits += 0x9e3779b97f4a7c15ULL;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ULL;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebULL;
  return bits ^ (bits >> 31);
}

constexpr auto likelier = [](const auto& a, const auto& b) {
  return a.weight > b.weight || (a.weight == b.weight && a.token < b.token);
};

/// The first of the largest; none if a value is not finite.
std::optional<int32_t> largest(std::span<const float> logits) {
  size_t best = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!std::isfinite(logits[i])) return std::nullopt;
    if (logits[i] > logits[best]) best = i;
  }
  return static_cast<int32_t>(best);
}

}  // namespace

double uniform_at(uint64_t seed, uint64_t position) noexcept {
  return static_cast<double>(mix(mix(seed) ^ position) >> 11) * 0x1p-53;
}

std::optional<int32_t> Sampler::sample(std::span<const float> logits, const SamplingParams& params, uint64_t position) {
  const std::optional<int32_t> best = largest(logits);
  if (!best || params.temperature == 0 || params.top_k == 1) return best;

  const float shift = logits[static_cast<size_t>(*best)];
  candidates_.clear();
  for (size_t i = 0; i < logits.size(); ++i) {
    candidates_.push_back({std::exp((logits[i] - shift) / params.temperature), static_cast<int32_t>(i)});
  }
  if (params.min_p > 0) keep_min_p(params.min_p);
  if (params.top_k > 0) keep_top_k(static_cast<size_t>(params.top_k));
  double total = 0;
  for (const Candidate& candidate : candidates_) total += double{candidate.weight};
  if (params.top_p < 1) total = keep_top_p(double{params.top_p}, total);

  double left = uniform_at(params.seed, position) * total;
  for (const Candidate& candidate : candidates_) {
    left -= double{candidate.weight};
    if (left < 0) return candidate.token;
  }
  return best;  // Rounding left a crumb.
}

/// The likeliest one weighs 1.
void Sampler::keep_min_p(float share) {
  std::erase_if(candidates_, [share](const Candidate& candidate) { return candidate.weight < share; });
}

void Sampler::keep_top_k(size_t k) {
  if (k >= candidates_.size()) return;
  std::nth_element(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(k), candidates_.end(),
                   likelier);
  candidates_.resize(k);
}

double Sampler::keep_top_p(double share, double total) {
  // A heap hands out the likeliest one by one: cheap, since few of them hold most of the probability.
  const auto behind = [](const Candidate& a, const Candidate& b) { return likelier(b, a); };
  std::make_heap(candidates_.begin(), candidates_.end(), behind);
  auto end = candidates_.end();
  double sum = 0;
  while (end != candidates_.begin() && sum < share * total) {
    std::pop_heap(candidates_.begin(), end, behind);
    --end;
    sum += double{end->weight};
  }
  candidates_.erase(candidates_.begin(), end);
  return sum;
}

}  // namespace troupe::gpu
