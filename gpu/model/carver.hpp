#pragma once
// Carver: lays out a model's work space.

#include <cstdint>

#include "gpu/device/device.hpp"
#include "runtime/base/units.hpp"

namespace troupe::gpu {

/// Cuts matrices off one buffer, each at a multiple of a cache line. Used twice: without a buffer to learn the size.
class Carver {
 public:
  explicit Carver(const Buffer* buffer) : buffer_(buffer) {}

  template <class T>
  void operator()(Matrix<T>& matrix, int64_t rows, int64_t columns) {
    static_assert(sizeof(T) == 4);
    if (buffer_ != nullptr) matrix = buffer_->matrix<T>(rows, columns, elements_);
    elements_ += (rows * columns + 15) / 16 * 16;
  }
  ByteCount used() const { return {static_cast<uint64_t>(elements_) * 4}; }

 private:
  const Buffer* buffer_;
  int64_t elements_ = 0;
};

}  // namespace troupe::gpu
