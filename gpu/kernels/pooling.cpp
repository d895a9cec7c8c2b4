#include "gpu/kernels/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gpu/kernels/pooling.cpp"
#include <hwy/foreach_target.h>

#include "gpu/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

struct Sum {
  HWY_INLINE FloatVector operator()(FloatVector a, FloatVector b) const { return hn::Add(a, b); }
};
struct Largest {
  HWY_INLINE FloatVector operator()(FloatVector a, FloatVector b) const { return hn::Max(a, b); }
};

/// out[i] = factor * the rows' i-th values joined, first to last.
template <class Join>
HWY_INLINE void join_rows(const Join& join, const float* HWY_RESTRICT x, int64_t rows, int64_t columns, float factor,
                          float* HWY_RESTRICT out) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const FloatVector factors = hn::Set(d, factor);
  int64_t i = 0;
  for (; i + lanes <= columns; i += lanes) {
    FloatVector all = hn::LoadU(d, x + i);
    for (int64_t row = 1; row < rows; ++row) all = join(all, hn::LoadU(d, x + row * columns + i));
    hn::StoreU(hn::Mul(all, factors), d, out + i);
  }
  if (i < columns) {
    const int64_t left = columns - i;
    FloatVector all = load_partial(d, x + i, left);
    for (int64_t row = 1; row < rows; ++row) all = join(all, load_partial(d, x + row * columns + i, left));
    store_partial(hn::Mul(all, factors), d, out + i, left);
  }
}

void pool_rows(Pooling pooling, const float* x, int64_t rows, int64_t columns, float* out) {
  const auto count = static_cast<float>(rows);
  switch (pooling) {
    case Pooling::first:
      return join_rows(Sum(), x, 1, columns, 1.0F, out);
    case Pooling::last:
      return join_rows(Sum(), x + (rows - 1) * columns, 1, columns, 1.0F, out);
    case Pooling::mean:
      return join_rows(Sum(), x, rows, columns, 1.0F / count, out);
    case Pooling::mean_sqrt_length:
      return join_rows(Sum(), x, rows, columns, 1.0F / __builtin_sqrtf(count), out);
    case Pooling::max:
      return join_rows(Largest(), x, rows, columns, 1.0F, out);
  }
}

void scale_to_unit(float* HWY_RESTRICT x, int64_t columns) {
  constexpr float smallest = 1e-12F;
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
  const float length = __builtin_sqrtf(sum_of(d, squares));
  const float factor = 1.0F / (length < smallest ? smallest : length);
  for (i = 0; i < columns; ++i) x[i] *= factor;
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::gpu::kernels {
HWY_EXPORT(pool_rows);
HWY_EXPORT(scale_to_unit);
void pool(Pooling pooling, const float* x, int64_t rows, int64_t columns, float* out) {
  HWY_DYNAMIC_DISPATCH(pool_rows)(pooling, x, rows, columns, out);
}
void normalize_length(float* x, int64_t columns) {
  HWY_DYNAMIC_DISPATCH(scale_to_unit)(x, columns);
}
}  // namespace troupe::gpu::kernels
#endif
