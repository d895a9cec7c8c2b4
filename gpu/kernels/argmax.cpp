#include "gpu/kernels/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gpu/kernels/argmax.cpp"
#include <hwy/foreach_target.h>

#include "gpu/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

/// The largest value, or NaN if one is not finite.
HWY_INLINE float largest_finite(const float* HWY_RESTRICT x, int64_t count) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  FloatVector best = hn::Set(d, x[0]);
  // x - x is 0 for finite x and NaN for all else, and NaN stays in a sum.
  FloatVector doubt = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const FloatVector part = hn::LoadU(d, x + i);
    best = hn::Max(best, part);
    doubt = hn::Add(doubt, hn::Sub(part, part));
  }
  float largest = hn::GetLane(hn::MaxOfLanes(d, best));
  float rest = sum_of(d, doubt);
  for (; i < count; ++i) {
    largest = x[i] > largest ? x[i] : largest;
    rest += x[i] - x[i];
  }
  return largest + rest;
}

int32_t find_largest(const float* HWY_RESTRICT x, int64_t count) {
  const float largest = largest_finite(x, count);
  for (int64_t i = 0; i < count; ++i) {
    if (x[i] == largest) return static_cast<int32_t>(i);
  }
  return -1;
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::gpu::kernels {
HWY_EXPORT(find_largest);
int32_t argmax(const float* x, int64_t count) {
  return HWY_DYNAMIC_DISPATCH(find_largest)(x, count);
}
}  // namespace troupe::gpu::kernels
#endif
