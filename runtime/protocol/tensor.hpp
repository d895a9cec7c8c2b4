#pragma once
// Tensor: a named array in a request or an answer.

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/base/dtype.hpp"
#include "runtime/base/result.hpp"

namespace troupe::protocol {

/// Row-major, little-endian; `data` is shared, never copied on the way through a node.
struct Tensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  Bytes data;

  bool operator==(const Tensor&) const = default;
  static constexpr auto fields() { return std::tuple{&Tensor::name, &Tensor::dtype, &Tensor::shape, &Tensor::data}; }
};

/// Checks that the shape is non-negative, does not overflow, and that `data` has exactly the bytes it asks for (for
/// DType::bytes: that the lengths add up). The Error names the tensor.
Status validate(const Tensor& tensor);

}  // namespace troupe::protocol
