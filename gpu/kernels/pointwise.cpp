#include "gpu/kernels/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gpu/kernels/pointwise.cpp"
#include <hwy/foreach_target.h>

#include <hwy/contrib/math/math-inl.h>

#include "gpu/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

HWY_INLINE FloatVector silu_times(Floats d, FloatVector gate, FloatVector up) {
  // Below, silu is 0 in fp32; and Exp is not made for what lies above 88. NaN passes.
  const FloatVector lowest = hn::Set(d, -87.0F);
  gate = hn::IfThenElse(hn::Lt(gate, lowest), lowest, gate);
  const FloatVector denominator = hn::Add(hn::Set(d, 1.0F), hn::Exp(d, hn::Neg(gate)));
  return hn::Mul(hn::Div(gate, denominator), up);
}

void gate_values(float* HWY_RESTRICT gate, const float* HWY_RESTRICT up, int64_t count) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(silu_times(d, hn::LoadU(d, gate + i), hn::LoadU(d, up + i)), d, gate + i);
  }
  if (i < count) {
    const int64_t left = count - i;
    store_partial(silu_times(d, load_partial(d, gate + i, left), load_partial(d, up + i, left)), d, gate + i, left);
  }
}

void widen_values(const Bf16* HWY_RESTRICT from, int64_t count, float* HWY_RESTRICT to) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(load_floats(d, from + i), d, to + i);
  for (; i < count; ++i) to[i] = to_float(from[i]);
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::gpu::kernels {
HWY_EXPORT(gate_values);
HWY_EXPORT(widen_values);
void silu_multiply(float* gate, const float* up, int64_t count) {
  HWY_DYNAMIC_DISPATCH(gate_values)(gate, up, count);
}
void widen(const Bf16* from, int64_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(widen_values)(from, count, to);
}
}  // namespace troupe::gpu::kernels
#endif
