#include "gpu/kernels/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gpu/kernels/rotary.cpp"
#include <hwy/foreach_target.h>

#include "gpu/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

void turn(const float* HWY_RESTRICT angles, int64_t half, float* HWY_RESTRICT x) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= half; i += lanes) {
    const FloatVector cosine = hn::LoadU(d, angles + i);
    const FloatVector sine = hn::LoadU(d, angles + half + i);
    const FloatVector a = hn::LoadU(d, x + i);
    const FloatVector b = hn::LoadU(d, x + half + i);
    hn::StoreU(hn::Sub(hn::Mul(a, cosine), hn::Mul(b, sine)), d, x + i);
    hn::StoreU(hn::Add(hn::Mul(b, cosine), hn::Mul(a, sine)), d, x + half + i);
  }
  for (; i < half; ++i) {
    const float a = x[i];
    const float b = x[half + i];
    x[i] = a * angles[i] - b * angles[half + i];
    x[half + i] = b * angles[i] + a * angles[half + i];
  }
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::gpu::kernels {
HWY_EXPORT(turn);
void rotate(const float* angles, int64_t half, float* x) {
  HWY_DYNAMIC_DISPATCH(turn)(angles, half, x);
}
}  // namespace troupe::gpu::kernels
#endif
