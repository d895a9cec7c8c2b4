// Pieces that several kernels share; included once per instruction set, inside foreach_target.

#if defined(TROUPE_GPU_KERNELS_VECTOR_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TROUPE_GPU_KERNELS_VECTOR_INL_H
#undef TROUPE_GPU_KERNELS_VECTOR_INL_H
#else
#define TROUPE_GPU_KERNELS_VECTOR_INL_H
#endif

#include <hwy/highway.h>

#include "gpu/tensor/bf16.hpp"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using FloatVector = hn::Vec<Floats>;

HWY_INLINE FloatVector load_floats(Floats d, const float* from) {
  return hn::LoadU(d, from);
}

/// bf16 is the upper half of fp32.
HWY_INLINE FloatVector load_floats(Floats d, const Bf16* from) {
  const hn::Rebind<uint16_t, Floats> d16;
  const hn::Rebind<uint32_t, Floats> d32;
  const auto bits = hn::LoadU(d16, reinterpret_cast<const uint16_t*>(from));
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, bits)));
}

/// The first `count` < lanes values; zeros behind them. Reads no further, unlike a masked load on older processors.
HWY_INLINE FloatVector load_partial(Floats d, const float* from, int64_t count) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)] = {};
  for (int64_t i = 0; i < count; ++i) lanes[i] = from[i];
  return hn::Load(d, lanes);
}

HWY_INLINE FloatVector load_partial(Floats d, const Bf16* from, int64_t count) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)] = {};
  for (int64_t i = 0; i < count; ++i) lanes[i] = to_float(from[i]);
  return hn::Load(d, lanes);
}

HWY_INLINE void store_partial(FloatVector vector, Floats d, float* to, int64_t count) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(vector, d, lanes);
  for (int64_t i = 0; i < count; ++i) to[i] = lanes[i];
}

HWY_INLINE float sum_of(Floats d, FloatVector vector) {
  return hn::GetLane(hn::SumOfLanes(d, vector));
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
