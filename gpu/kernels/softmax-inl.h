// Softmax over a padded row; included once per instruction set, inside foreach_target.

#if defined(TROUPE_GPU_KERNELS_SOFTMAX_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TROUPE_GPU_KERNELS_SOFTMAX_INL_H
#undef TROUPE_GPU_KERNELS_SOFTMAX_INL_H
#else
#define TROUPE_GPU_KERNELS_SOFTMAX_INL_H
#endif

#include <hwy/contrib/math/math-inl.h>

#include "gpu/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

/// Turns `padded` scores, a multiple of the lanes, into exp(score - largest) and returns their sum; behind `count` are
/// zeros.
HWY_INLINE float exponentiate(float* HWY_RESTRICT scores, int64_t count, int64_t padded) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = count; i < padded; ++i) scores[i] = -1e30F;
  FloatVector largest = hn::LoadU(d, scores);
  for (int64_t i = lanes; i < padded; i += lanes) largest = hn::Max(largest, hn::LoadU(d, scores + i));
  const FloatVector shift = hn::MaxOfLanes(d, largest);
  FloatVector sum = hn::Zero(d);
  for (int64_t i = 0; i < padded; i += lanes) {
    const FloatVector value = hn::Exp(d, hn::Sub(hn::LoadU(d, scores + i), shift));
    hn::StoreU(value, d, scores + i);
    sum = hn::Add(sum, value);
  }
  return sum_of(d, sum);
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
