// Products of small matrices in cache; included once per instruction set, inside foreach_target.

#if defined(TROUPE_GPU_KERNELS_PANEL_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TROUPE_GPU_KERNELS_PANEL_INL_H
#undef TROUPE_GPU_KERNELS_PANEL_INL_H
#else
#define TROUPE_GPU_KERNELS_PANEL_INL_H
#endif

#include "gpu/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

/// Columns of one panel: the lanes of the widest vector.
constexpr int64_t panel_columns = 16;
static_assert(HWY_MAX_BYTES <= panel_columns * sizeof(float));

/// Largest block of sums that the registers hold beside its operands: AVX-512 has 32, the others have 16.
constexpr int block_rows_max = HWY_TARGET <= HWY_AVX3 ? 8 : 4;
constexpr int block_vectors_max = HWY_TARGET <= HWY_AVX3 ? 3 : 2;

HWY_INLINE int64_t round_up(int64_t value, int64_t step) {
  return (value + step - 1) / step * step;
}

/// The left side x [rows, inner] and the right side w [inner, columns] of a product; strides count floats from row to
/// row. Columns of w are a multiple of the lanes.
struct Factors {
  const float* x;
  int64_t x_stride;
  const float* w;
  int64_t w_stride;
  int64_t inner;
};

/// One block of outputs. Each lane is one sum, in the order of `inner`; so its rounding does not depend on the block.
template <int rows, int vectors, class Store>
HWY_INLINE void multiply_block(const Factors& f, int64_t row, int64_t column, const Store& store) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const float* HWY_RESTRICT x = f.x + row * f.x_stride;
  const float* HWY_RESTRICT w = f.w + column;
  FloatVector sums[rows][vectors];
  for (auto& sums_of_row : sums) {
    for (auto& sum : sums_of_row) sum = hn::Zero(d);
  }
  for (int64_t k = 0; k < f.inner; ++k) {
    FloatVector w_part[vectors];
    for (int v = 0; v < vectors; ++v) w_part[v] = hn::LoadU(d, w + k * f.w_stride + v * lanes);
    for (int r = 0; r < rows; ++r) {
      const FloatVector x_part = hn::Set(d, x[r * f.x_stride + k]);
      for (int v = 0; v < vectors; ++v) sums[r][v] = hn::MulAdd(x_part, w_part[v], sums[r][v]);
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) store(row + r, column + v * lanes, sums[r][v]);
  }
}

/// All columns of `rows` rows.
template <int rows, class Store>
HWY_INLINE void multiply_rows(const Factors& f, int64_t row, int64_t columns, const Store& store) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Floats()));
  int64_t column = 0;
  for (; column + block_vectors_max * lanes <= columns; column += block_vectors_max * lanes) {
    multiply_block<rows, block_vectors_max>(f, row, column, store);
  }
  for (; column < columns; column += lanes) multiply_block<rows, 1>(f, row, column, store);
}

/// Calls store(row, column, vector) for every vector of x w.
template <class Store>
HWY_INLINE void multiply_small(const Factors& f, int64_t rows, int64_t columns, const Store& store) {
  int64_t row = 0;
  for (; row + block_rows_max <= rows; row += block_rows_max) multiply_rows<block_rows_max>(f, row, columns, store);
  for (; row + 2 <= rows; row += 2) multiply_rows<2>(f, row, columns, store);
  if (row < rows) multiply_rows<1>(f, row, columns, store);
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
