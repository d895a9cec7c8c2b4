#include "gpu/kernels/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gpu/kernels/activation.cpp"
#include <hwy/foreach_target.h>

#include <hwy/contrib/math/math-inl.h>

#include "gpu/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

/// x = function(d, x) for `count` values.
template <class Function>
HWY_INLINE void apply(const Function& function, float* HWY_RESTRICT x, int64_t count) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(function(d, hn::LoadU(d, x + i)), d, x + i);
  if (i < count) store_partial(function(d, load_partial(d, x + i, count - i)), d, x + i, count - i);
}

/// x * Phi(x) = max(x, 0) - |x| * erfc(|x| / sqrt(2)) / 2: nothing cancels on the negative side. The polynomial is
/// Abramowitz and Stegun 7.1.26, off by less than 1.5e-7.
struct Gelu {
  HWY_INLINE FloatVector operator()(Floats d, FloatVector x) const {
    const FloatVector size = hn::Abs(x);
    const FloatVector one = hn::Set(d, 1.0F);
    // 0.3275911 / sqrt(2), as the argument is |x| / sqrt(2).
    const FloatVector t = hn::Div(one, hn::MulAdd(hn::Set(d, 0.23164189F), size, one));
    FloatVector tail = hn::Set(d, 1.061405429F);
    tail = hn::MulAdd(tail, t, hn::Set(d, -1.453152027F));
    tail = hn::MulAdd(tail, t, hn::Set(d, 1.421413741F));
    tail = hn::MulAdd(tail, t, hn::Set(d, -0.284496736F));
    tail = hn::MulAdd(tail, t, hn::Set(d, 0.254829592F));
    // Beyond 14 the tail is 0 in fp32; and infinity times 0 would be none.
    const FloatVector near = hn::IfThenElse(hn::Gt(size, hn::Set(d, 14.0F)), hn::Set(d, 14.0F), size);
    const FloatVector bell = hn::Exp(d, hn::Mul(hn::Mul(near, near), hn::Set(d, -0.5F)));
    const FloatVector missing = hn::Mul(hn::Mul(hn::Mul(tail, t), bell), hn::Mul(near, hn::Set(d, 0.5F)));
    return hn::Sub(hn::Max(x, hn::Zero(d)), missing);
  }
};

/// 0.5 x (1 + tanh(u)) = x / (1 + exp(-2 u)) with u = sqrt(2 / pi) (x + 0.044715 x^3).
struct GeluTanh {
  HWY_INLINE FloatVector operator()(Floats d, FloatVector x) const {
    const FloatVector one = hn::Set(d, 1.0F);
    const FloatVector cubic = hn::MulAdd(hn::Mul(x, x), hn::Set(d, 0.044715F), one);
    FloatVector exponent = hn::Mul(hn::Mul(x, cubic), hn::Set(d, -1.5957691216F));
    // Above 87 the result is 0 in fp32; and Exp is not made for what lies above 88. NaN passes.
    const FloatVector highest = hn::Set(d, 87.0F);
    exponent = hn::IfThenElse(hn::Gt(exponent, highest), highest, exponent);
    return hn::Div(x, hn::Add(one, hn::Exp(d, exponent)));
  }
};

struct Tanh {
  HWY_INLINE FloatVector operator()(Floats d, FloatVector x) const { return hn::Tanh(d, x); }
};

struct Relu {
  HWY_INLINE FloatVector operator()(Floats d, FloatVector x) const {
    // So that NaN passes.
    return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Zero(d), x);
  }
};

void activate_values(Activation activation, float* x, int64_t count) {
  switch (activation) {
    case Activation::gelu:
      return apply(Gelu(), x, count);
    case Activation::gelu_tanh:
      return apply(GeluTanh(), x, count);
    case Activation::tanh:
      return apply(Tanh(), x, count);
    case Activation::relu:
      return apply(Relu(), x, count);
  }
}

void add_values(const float* HWY_RESTRICT y, int64_t count, float* HWY_RESTRICT x) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, x + i);
  for (; i < count; ++i) x[i] += y[i];
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::gpu::kernels {
HWY_EXPORT(activate_values);
HWY_EXPORT(add_values);
void activate(Activation activation, float* x, int64_t count) {
  HWY_DYNAMIC_DISPATCH(activate_values)(activation, x, count);
}
void add(const float* y, int64_t count, float* x) {
  HWY_DYNAMIC_DISPATCH(add_values)(y, count, x);
}
}  // namespace troupe::gpu::kernels
#endif
