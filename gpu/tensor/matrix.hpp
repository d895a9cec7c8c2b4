#pragma once
// Matrix: a view of rows in some device's memory.

#include <cstdint>
#include <type_traits>

#include "runtime/base/assert.hpp"

namespace troupe::gpu {

/// Rows of equal width, row-major and dense; [n, 1] serves for a list. Does not own. `data` is an address of the device
/// that the memory belongs to: only that device's own code may follow it, since on a GPU the host cannot.
template <class T>
struct Matrix {
  T* data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;

  int64_t size() const noexcept { return rows * columns; }
  /// Rows [0, count). Requires count <= rows.
  Matrix first(int64_t count) const {
    TROUPE_ASSERT(count >= 0 && count <= rows);
    return {data, count, columns};
  }
  template <class U>
  bool same_shape(const Matrix<U>& other) const noexcept {
    return rows == other.rows && columns == other.columns;
  }

  operator Matrix<const T>() const noexcept requires(!std::is_const_v<T>) { return {data, rows, columns}; }
};

}  // namespace troupe::gpu
