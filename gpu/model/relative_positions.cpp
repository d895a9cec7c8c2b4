#include "gpu/model/relative_positions.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace troupe::gpu {
namespace {

constexpr double farthest = 128;

}  // namespace

int32_t relative_bucket(int64_t distance, int64_t buckets) {
  const int64_t half = buckets / 2;
  const int64_t direction = distance > 0 ? half : 0;
  const int64_t size = std::abs(distance);
  const int64_t exact = half / 2;
  if (size < exact) return static_cast<int32_t>(direction + size);
  // In fp32 step by step, as transformers does: the borders of the ranges depend on it.
  const float logarithm = std::log(static_cast<float>(size) / static_cast<float>(exact));
  const auto range = static_cast<float>(std::log(farthest / static_cast<double>(exact)));
  const auto step = static_cast<int64_t>(logarithm / range * static_cast<float>(half - exact));
  return static_cast<int32_t>(direction + std::min(exact + step, half - 1));
}

std::vector<float> expand_relative_bias(std::span<const float> table, int64_t buckets, int64_t heads, int64_t reach) {
  std::vector<float> result;
  result.reserve(static_cast<size_t>(heads * (2 * reach + 1)));
  for (int64_t head = 0; head < heads; ++head) {
    for (int64_t distance = -reach; distance <= reach; ++distance) {
      result.push_back(table[static_cast<size_t>(relative_bucket(distance, buckets) * heads + head)]);
    }
  }
  return result;
}

}  // namespace troupe::gpu
