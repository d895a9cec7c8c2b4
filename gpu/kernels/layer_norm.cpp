#include "gpu/kernels/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gpu/kernels/layer_norm.cpp"
#include <hwy/foreach_target.h>

#include "gpu/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

HWY_INLINE float mean_of(const float* x, int64_t columns) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  FloatVector sum = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= columns; i += lanes) sum = hn::Add(sum, hn::LoadU(d, x + i));
  if (i < columns) sum = hn::Add(sum, load_partial(d, x + i, columns - i));
  return sum_of(d, sum) / static_cast<float>(columns);
}

HWY_INLINE float variance_of(const float* x, float mean, int64_t columns) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const FloatVector means = hn::Set(d, mean);
  FloatVector sum = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= columns; i += lanes) {
    const FloatVector distance = hn::Sub(hn::LoadU(d, x + i), means);
    sum = hn::MulAdd(distance, distance, sum);
  }
  float rest = 0;
  for (; i < columns; ++i) rest += (x[i] - mean) * (x[i] - mean);
  return (sum_of(d, sum) + rest) / static_cast<float>(columns);
}

void normalize_layer(const float* x, const float* HWY_RESTRICT weight, const float* HWY_RESTRICT bias, float epsilon,
                     int64_t columns, float* out) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const float mean = mean_of(x, columns);
  const float scale = 1.0F / __builtin_sqrtf(variance_of(x, mean, columns) + epsilon);
  const FloatVector means = hn::Set(d, mean);
  const FloatVector scales = hn::Set(d, scale);
  int64_t i = 0;
  for (; i + lanes <= columns; i += lanes) {
    const FloatVector centred = hn::Mul(hn::Sub(hn::LoadU(d, x + i), means), scales);
    hn::StoreU(hn::MulAdd(centred, hn::LoadU(d, weight + i), hn::LoadU(d, bias + i)), d, out + i);
  }
  for (; i < columns; ++i) out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::gpu::kernels {
HWY_EXPORT(normalize_layer);
void layer_norm(const float* x, const float* weight, const float* bias, float epsilon, int64_t columns, float* out) {
  HWY_DYNAMIC_DISPATCH(normalize_layer)(x, weight, bias, epsilon, columns, out);
}
}  // namespace troupe::gpu::kernels
#endif
