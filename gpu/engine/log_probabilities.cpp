#include "gpu/engine/log_probabilities.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace troupe::gpu {
namespace {

/// log(sum(exp(logits)))
double log_total(std::span<const float> logits) {
  const double largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit} - largest);
  return largest + std::log(sum);
}

}  // namespace

LogProbabilities log_probabilities(std::span<const float> logits, int32_t chosen, uint32_t top) {
  const double total = log_total(logits);
  const auto scored = [&](int32_t token) {
    return TokenLogProbability{token, double{logits[static_cast<size_t>(token)]} - total};
  };
  LogProbabilities result{scored(chosen), {}};
  if (top == 0) return result;

  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(top, order.size()));
  std::partial_sort(order.begin(), end, order.end(), [&](int32_t a, int32_t b) {
    const float left = logits[static_cast<size_t>(a)];
    const float right = logits[static_cast<size_t>(b)];
    return left > right || (left == right && a < b);
  });
  for (auto token = order.begin(); token != end; ++token) result.top.push_back(scored(*token));
  return result;
}

}  // namespace troupe::gpu
