#include "gpu/kernels/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gpu/kernels/panel_matmul.cpp"
#include <hwy/foreach_target.h>

#include "gpu/kernels/panel-inl.h"
#include "gpu/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

/// Floats of x that stay in the second-level cache while w streams by.
constexpr int64_t rows_floats = 96 * 1024;
/// Columns that stay in the cache while the rows pass by: a multiple of a panel and of every block.
constexpr int64_t column_step = 3 * panel_columns;

void multiply_panels(const PanelMatmulArgs& args) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const Factors factors{args.x, args.inner, args.w, panel_columns, args.inner * panel_columns, args.inner};
  const auto store = [&](int64_t row, int64_t column, FloatVector sum) HWY_ATTR {
    float* y = args.y + row * args.y_stride + column;
    const int64_t left = args.columns - column;
    if (left >= lanes) {
      if (args.bias != nullptr) sum = hn::Add(sum, hn::LoadU(d, args.bias + column));
      if (args.accumulate) sum = hn::Add(hn::LoadU(d, y), sum);
      hn::StoreU(sum, d, y);
    } else if (left > 0) {
      if (args.bias != nullptr) sum = hn::Add(sum, load_partial(d, args.bias + column, left));
      if (args.accumulate) sum = hn::Add(load_partial(d, y, left), sum);
      store_partial(sum, d, y, left);
    }
  };
  const int64_t columns = round_up(args.columns, panel_columns);
  const int64_t row_step = HWY_MAX(rows_floats / args.inner / block_rows_max, 1) * block_rows_max;
  // One or two rows are over before a panel is read twice: they take the widest blocks instead.
  const int64_t step = args.rows <= 2 ? columns : column_step;
  for (int64_t row = 0; row < args.rows; row += row_step) {
    const int64_t last_row = HWY_MIN(row + row_step, args.rows);
    for (int64_t column = 0; column < columns; column += step) {
      multiply(factors, row, last_row, column, HWY_MIN(column + step, columns), store);
    }
  }
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::gpu::kernels {
HWY_EXPORT(multiply_panels);
void panel_matmul(const PanelMatmulArgs& args) {
  HWY_DYNAMIC_DISPATCH(multiply_panels)(args);
}

int64_t panel_floats(int64_t rows, int64_t columns) noexcept {
  return (rows + panel_width - 1) / panel_width * panel_width * columns;
}

void pack_panels(const float* values, int64_t rows, int64_t columns, float* out) {
  for (int64_t panel = 0; panel < rows; panel += panel_width) {
    float* to = out + panel * columns;
    for (int64_t lane = 0; lane < panel_width; ++lane) {
      const float* from = values + (panel + lane) * columns;
      for (int64_t k = 0; k < columns; ++k) to[k * panel_width + lane] = panel + lane < rows ? from[k] : 0.0F;
    }
  }
}
}  // namespace troupe::gpu::kernels
#endif
