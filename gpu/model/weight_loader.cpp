#include "gpu/model/weight_loader.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace troupe::gpu {
namespace {

float from_bf16(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

/// IEEE 754 binary16: sign, 5 bits of exponent with bias 15, 10 of fraction.
float from_f16(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const int fraction = bits & 0x3FF;
  float magnitude;
  if (exponent == 0x1F) {
    magnitude = fraction == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(fraction + 0x400), exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

/// A copy in fp32; exact, as fp32 holds every value of both types.
std::shared_ptr<const std::vector<float>> widen(const ModelTensor& tensor) {
  auto values = std::make_shared<std::vector<float>>(tensor.data.size() / sizeof(uint16_t));
  const auto convert = tensor.dtype == DType::bf16 ? from_bf16 : from_f16;
  for (size_t i = 0; i < values->size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, tensor.data.data() + i * sizeof bits, sizeof bits);
    (*values)[i] = convert(bits);
  }
  return values;
}

}  // namespace

Result<Weight> WeightLoader::matrix(const std::string& name, int64_t rows, int64_t columns) const {
  TROUPE_TRY(const ModelTensor tensor, folder_.tensor(name, std::array{rows, columns}));
  return import(tensor, rows, columns);
}

Result<Weight> WeightLoader::vector(const std::string& name, int64_t size) const {
  TROUPE_TRY(const ModelTensor tensor, folder_.tensor(name, std::array{size}));
  return import(tensor, 1, size);
}

Result<Weight> WeightLoader::import(const ModelTensor& tensor, int64_t rows, int64_t columns) const {
  if (tensor.dtype == DType::f32) return device_.import_weight(tensor.owner, tensor.data, rows, columns);
  const auto values = widen(tensor);
  return device_.import_weight(values, std::as_bytes(std::span(*values)), rows, columns);
}

}  // namespace troupe::gpu
