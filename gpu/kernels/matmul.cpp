#include "gpu/kernels/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gpu/kernels/matmul.cpp"
#include <hwy/foreach_target.h>

#include "gpu/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

/// Rows of x that stay in the second-level cache while w streams by.
constexpr int64_t panel_rows = 64;

/// One block of outputs, each with one vector accumulator; so its rounding does not depend on the block's size.
template <int block_rows, int block_columns, class Element>
HWY_INLINE void multiply_block(const MatmulArgs& args, const Element* weight, int64_t row, int64_t column) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t inner = args.inner;
  const float* HWY_RESTRICT x = args.x + row * inner;
  const Element* HWY_RESTRICT w = weight + column * inner;

  FloatVector sums[block_rows][block_columns];
  for (auto& sums_of_row : sums) {
    for (auto& sum : sums_of_row) sum = hn::Zero(d);
  }
  int64_t k = 0;
  for (; k + lanes <= inner; k += lanes) {
    FloatVector x_part[block_rows];
    for (int r = 0; r < block_rows; ++r) x_part[r] = hn::LoadU(d, x + r * inner + k);
    for (int c = 0; c < block_columns; ++c) {
      const FloatVector w_part = load_floats(d, w + c * inner + k);
      for (int r = 0; r < block_rows; ++r) sums[r][c] = hn::MulAdd(x_part[r], w_part, sums[r][c]);
    }
  }
  if (k < inner) {
    FloatVector x_part[block_rows];
    for (int r = 0; r < block_rows; ++r) x_part[r] = load_partial(d, x + r * inner + k, inner - k);
    for (int c = 0; c < block_columns; ++c) {
      const FloatVector w_part = load_partial(d, w + c * inner + k, inner - k);
      for (int r = 0; r < block_rows; ++r) sums[r][c] = hn::MulAdd(x_part[r], w_part, sums[r][c]);
    }
  }
  for (int r = 0; r < block_rows; ++r) {
    float* y = args.y + (row + r) * args.y_stride + column;
    for (int c = 0; c < block_columns; ++c) {
      const float sum = sum_of(d, sums[r][c]) + (args.bias == nullptr ? 0.0F : args.bias[column + c]);
      y[c] = args.accumulate ? y[c] + sum : sum;
    }
  }
}

/// All columns for `block_rows` rows. Few rows take more columns at once, to keep as many sums in flight.
template <int block_rows, int block_columns, class Element>
HWY_INLINE void multiply_rows(const MatmulArgs& args, const Element* weight, int64_t row, int64_t first, int64_t last) {
  int64_t column = first;
  for (; column + block_columns <= last; column += block_columns) {
    multiply_block<block_rows, block_columns>(args, weight, row, column);
  }
  for (; column < last; ++column) multiply_block<block_rows, 1>(args, weight, row, column);
}

template <class Element>
HWY_INLINE void multiply_all(const MatmulArgs& args, const Element* weight) {
  // Sixteen sums need the 32 registers of AVX-512; the others have 16.
  constexpr int wide = HWY_TARGET <= HWY_AVX3 ? 4 : 2;
  for (int64_t panel = 0; panel < args.rows; panel += panel_rows) {
    const int64_t end = HWY_MIN(panel + panel_rows, args.rows);
    if (end - panel < 4) {
      if (end - panel == 3) multiply_rows<3, wide>(args, weight, panel, 0, args.columns);
      if (end - panel == 2) multiply_rows<2, 4>(args, weight, panel, 0, args.columns);
      if (end - panel == 1) multiply_rows<1, 8>(args, weight, panel, 0, args.columns);
      continue;
    }
    for (int64_t column = 0; column < args.columns; column += wide) {
      const int64_t last = HWY_MIN(column + wide, args.columns);
      int64_t row = panel;
      for (; row + 4 <= end; row += 4) multiply_rows<4, wide>(args, weight, row, column, last);
      for (; row < end; ++row) multiply_rows<1, wide>(args, weight, row, column, last);
    }
  }
}

void multiply(const MatmulArgs& args) {
  if (args.w_bf16 != nullptr) return multiply_all(args, args.w_bf16);
  multiply_all(args, args.w);
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::gpu::kernels {
HWY_EXPORT(multiply);
void matmul(const MatmulArgs& args) {
  HWY_DYNAMIC_DISPATCH(multiply)(args);
}
}  // namespace troupe::gpu::kernels
#endif
