#pragma once
// Names of functions that devices and kernels compute.

#include <cstdint>

namespace troupe::gpu {

/// A function of single values.
enum class Activation : uint8_t {
  gelu,       ///< x * Phi(x), Phi the normal distribution (Hendrycks and Gimpel 2016); absolute error below 2e-7.
  gelu_tanh,  ///< 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
  tanh,
  relu,
};

/// What makes one row of a sequence's rows.
enum class Pooling : uint8_t {
  first,
  last,
  mean,
  mean_sqrt_length,  ///< The sum over the square root of the number of rows.
  max,               ///< By column.
};

}  // namespace troupe::gpu
