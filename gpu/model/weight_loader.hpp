#pragma once
// WeightLoader: a model's tensors, by name, on a device.

#include <cstdint>
#include <string>

#include "gpu/device/device.hpp"
#include "gpu/loader/model_folder.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Device and folder must outlive the loader; the weights outlive both but the device. Errors: those of
/// ModelFolder::tensor() and Device::import_weight().
class WeightLoader {
 public:
  WeightLoader(Device& device, const ModelFolder& folder) : device_(device), folder_(folder) {}

  /// The tensor [rows, columns], for products and embeddings.
  Result<Weight> matrix(const std::string& name, int64_t rows, int64_t columns) const;
  /// The tensor [size], for norms and biases, as [1, size].
  Result<Weight> vector(const std::string& name, int64_t size) const;

 private:
  Result<Weight> import(const ModelTensor& tensor, int64_t rows, int64_t columns) const;

  Device& device_;
  const ModelFolder& folder_;
};

}  // namespace troupe::gpu
