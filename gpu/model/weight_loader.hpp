#pragma once
// WeightLoader: a model's tensors, by name, on a device.

#include <cstdint>
#include <string>

#include "gpu/device/device.hpp"
#include "gpu/loader/model_folder.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Where the weight [rows, columns] of a product lies, and its bias [rows].
struct LinearSource {
  std::string weight;
  std::string bias;         ///< Empty: there is none.
  bool transposed = false;  ///< The tensor is [columns, rows].
  int64_t first_row = 0;    ///< It holds the rows [first_row, first_row + rows) ...
  int64_t stored_rows = 0;  ///< ... of so many, as its bias does; 0 = just these.
};

/// A product's weight and its bias, which is empty where there is none.
struct Linear {
  Weight weight;
  Weight bias;
};

/// Device and folder must outlive the loader; the weights outlive both but the device. Errors: those of
/// ModelFolder::tensor() and Device::import_weight().
class WeightLoader {
 public:
  WeightLoader(Device& device, const ModelFolder& folder) : device_(device), folder_(folder) {}

  /// The tensor [rows, columns] in fp32.
  Result<Weight> matrix(const std::string& name, int64_t rows, int64_t columns) const;
  /// The tensor [rows, columns], in bf16 if it is stored so: for Device::gather_rows() and linear() of weights.
  Result<Weight> embedding(const std::string& name, int64_t rows, int64_t columns) const;
  /// The tensor [size] in fp32, for norms and biases, as [1, size].
  Result<Weight> vector(const std::string& name, int64_t size) const;
  /// [rows, columns], in bf16 if it is stored so, and its bias.
  Result<Linear> linear(const LinearSource& source, int64_t rows, int64_t columns) const;
  /// The same as Device::import_factor() lays it out: a copy in fp32, for models that compute many rows at once.
  Result<Linear> factor(const LinearSource& source, int64_t rows, int64_t columns) const;

 private:
  Result<Weight> import(const ModelTensor& tensor, int64_t rows, int64_t columns) const;
  Result<Weight> import_widened(const ModelTensor& tensor, int64_t rows, int64_t columns) const;
  /// The stored tensor's part that `source` names, as [rows, columns].
  Result<ModelTensor> find(const LinearSource& source, int64_t rows, int64_t columns) const;
  Result<Linear> with_bias(Weight weight, const LinearSource& source, int64_t rows) const;

  Device& device_;
  const ModelFolder& folder_;
};

}  // namespace troupe::gpu
