// Products whose right side lies in panels; included once per instruction set, inside foreach_target.

#if defined(TROUPE_GPU_KERNELS_PANEL_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TROUPE_GPU_KERNELS_PANEL_INL_H
#undef TROUPE_GPU_KERNELS_PANEL_INL_H
#else
#define TROUPE_GPU_KERNELS_PANEL_INL_H
#endif

#include "gpu/kernels/kernels.hpp"
#include "gpu/kernels/vector-inl.h"

// Without it some blocks' sums go through memory.
#ifndef TROUPE_UNROLL
#ifdef __clang__
#define TROUPE_UNROLL _Pragma("unroll")
#else
#define TROUPE_UNROLL _Pragma("GCC unroll 8")
#endif
#endif

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

/// Columns of one panel: the lanes of the widest vector.
constexpr int64_t panel_columns = panel_width;
static_assert(HWY_MAX_BYTES <= panel_columns * sizeof(float));

/// Rows of the largest block of sums. AVX-512 has 32 registers for sums and operands, the others have 16.
constexpr int block_rows_max = HWY_TARGET <= HWY_AVX3 ? 8 : 4;

/// Vectors of a block that the registers hold. Few rows take more, to keep as many sums in flight.
constexpr int block_vectors(int rows) {
  if (rows == 1) return 8;
  if (rows == 2) return 4;
  return HWY_TARGET <= HWY_AVX3 ? 3 : 2;
}

HWY_INLINE int64_t round_up(int64_t value, int64_t step) {
  return (value + step - 1) / step * step;
}

/// The left side x [rows, inner] of a product, and the right side w [inner, columns] in panels of 16 columns.
struct Factors {
  const float* x;
  int64_t x_stride;  ///< Floats from row to row.
  const float* w;
  int64_t w_stride;      ///< Floats from a panel's row to its next.
  int64_t panel_stride;  ///< Floats from panel to panel.
  int64_t inner;
};

/// One block of outputs. Each lane is one sum, in the order of `inner`; so its rounding does not depend on the block.
template <int rows, int vectors, class Store>
HWY_INLINE void multiply_block(const Factors& f, int64_t row, int64_t column, const Store& store) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t x_stride = f.x_stride;
  const int64_t w_stride = f.w_stride;
  const float* HWY_RESTRICT x = f.x + row * x_stride;
  const float* HWY_RESTRICT w[vectors];
  for (int v = 0; v < vectors; ++v) {
    const int64_t at = column + v * lanes;
    w[v] = f.w + at / panel_columns * f.panel_stride + at % panel_columns;
  }
  FloatVector sums[rows][vectors];
  TROUPE_UNROLL for (int r = 0; r < rows; ++r) {
    TROUPE_UNROLL for (int v = 0; v < vectors; ++v) sums[r][v] = hn::Zero(d);
  }
  for (int64_t k = 0; k < f.inner; ++k) {
    FloatVector w_part[vectors];
    TROUPE_UNROLL for (int v = 0; v < vectors; ++v) w_part[v] = hn::LoadU(d, w[v] + k * w_stride);
    TROUPE_UNROLL for (int r = 0; r < rows; ++r) {
      const FloatVector x_part = hn::Set(d, x[r * x_stride + k]);
      TROUPE_UNROLL for (int v = 0; v < vectors; ++v) sums[r][v] = hn::MulAdd(x_part, w_part[v], sums[r][v]);
    }
  }
  TROUPE_UNROLL for (int r = 0; r < rows; ++r) {
    TROUPE_UNROLL for (int v = 0; v < vectors; ++v) store(row + r, column + v * lanes, sums[r][v]);
  }
}

/// Columns [first, last) of `rows` rows.
template <int rows, class Store>
HWY_INLINE void multiply_rows(const Factors& f, int64_t row, int64_t first, int64_t last, const Store& store) {
  constexpr int vectors = block_vectors(rows);
  const auto lanes = static_cast<int64_t>(hn::Lanes(Floats()));
  int64_t column = first;
  for (; column + vectors * lanes <= last; column += vectors * lanes) {
    multiply_block<rows, vectors>(f, row, column, store);
  }
  for (; column + 2 * lanes <= last; column += 2 * lanes) multiply_block<rows, 2>(f, row, column, store);
  for (; column < last; column += lanes) multiply_block<rows, 1>(f, row, column, store);
}

/// Calls store(row, column, vector) for every vector of x w in rows [first_row, last_row) and columns [first, last),
/// both at multiples of the lanes.
template <class Store>
HWY_INLINE void multiply(const Factors& f, int64_t first_row, int64_t last_row, int64_t first, int64_t last,
                         const Store& store) {
  int64_t row = first_row;
  for (; row + block_rows_max <= last_row; row += block_rows_max) {
    multiply_rows<block_rows_max>(f, row, first, last, store);
  }
  for (; row + 2 <= last_row; row += 2) multiply_rows<2>(f, row, first, last, store);
  if (row < last_row) multiply_rows<1>(f, row, first, last, store);
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
