#include "gpu/kernels/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gpu/kernels/rms_norm.cpp"
#include <hwy/foreach_target.h>

#include "gpu/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

void normalize(const float* x, const float* HWY_RESTRICT weight, float epsilon, int64_t columns, float* out) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  FloatVector squares = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= columns; i += lanes) {
    const FloatVector part = hn::LoadU(d, x + i);
    squares = hn::MulAdd(part, part, squares);
  }
  if (i < columns) {
    const FloatVector part = load_partial(d, x + i, columns - i);
    squares = hn::MulAdd(part, part, squares);
  }

  const float scale = 1.0F / __builtin_sqrtf(sum_of(d, squares) / static_cast<float>(columns) + epsilon);
  const FloatVector scales = hn::Set(d, scale);
  for (i = 0; i + lanes <= columns; i += lanes) {
    hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, x + i), scales), hn::LoadU(d, weight + i)), d, out + i);
  }
  for (; i < columns; ++i) out[i] = x[i] * scale * weight[i];
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::gpu::kernels {
HWY_EXPORT(normalize);
void rms_norm(const float* x, const float* weight, float epsilon, int64_t columns, float* out) {
  HWY_DYNAMIC_DISPATCH(normalize)(x, weight, epsilon, columns, out);
}
}  // namespace troupe::gpu::kernels
#endif
