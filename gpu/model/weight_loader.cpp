#include "gpu/model/weight_loader.hpp"

#include <array>
#include <cmath>
#include <cstring>

namespace troupe::gpu {
namespace {

float from_bf16(uint16_t bits) {
  return to_float(Bf16{bits});
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

/// Rows [first, first + count) of a tensor [any, columns], in place.
ModelTensor rows_of(const ModelTensor& tensor, int64_t columns, int64_t first, int64_t count) {
  const size_t row_bytes = static_cast<size_t>(columns) * element_size(tensor.dtype);
  const auto data = tensor.data.subspan(static_cast<size_t>(first) * row_bytes, static_cast<size_t>(count) * row_bytes);
  return {tensor.dtype, data, tensor.owner};
}

/// Columns [first, first + count) of a tensor [any, width], as rows of a copy.
ModelTensor transposed_rows(const ModelTensor& tensor, int64_t width, int64_t first, int64_t count) {
  const size_t size = element_size(tensor.dtype);
  const size_t row_bytes = static_cast<size_t>(width) * size;
  const size_t columns = tensor.data.size() / row_bytes;
  auto copy = std::make_shared<std::vector<std::byte>>(static_cast<size_t>(count) * columns * size);
  std::byte* to = copy->data();
  for (int64_t row = first; row < first + count; ++row) {
    for (size_t column = 0; column < columns; ++column, to += size) {
      std::memcpy(to, tensor.data.data() + column * row_bytes + static_cast<size_t>(row) * size, size);
    }
  }
  return {tensor.dtype, *copy, copy};
}

}  // namespace

Result<Weight> WeightLoader::matrix(const std::string& name, int64_t rows, int64_t columns) const {
  TROUPE_TRY(const ModelTensor tensor, folder_.tensor(name, std::array{rows, columns}));
  return import_widened(tensor, rows, columns);
}

Result<Weight> WeightLoader::embedding(const std::string& name, int64_t rows, int64_t columns) const {
  TROUPE_TRY(const ModelTensor tensor, folder_.tensor(name, std::array{rows, columns}));
  return import(tensor, rows, columns);
}

Result<Weight> WeightLoader::vector(const std::string& name, int64_t size) const {
  TROUPE_TRY(const ModelTensor tensor, folder_.tensor(name, std::array{size}));
  return import_widened(tensor, 1, size);
}

Result<Linear> WeightLoader::linear(const LinearSource& source, int64_t rows, int64_t columns) const {
  TROUPE_TRY(const ModelTensor tensor, find(source, rows, columns));
  TROUPE_TRY(Weight weight, import(tensor, rows, columns));
  return with_bias(std::move(weight), source, rows);
}

Result<Linear> WeightLoader::factor(const LinearSource& source, int64_t rows, int64_t columns) const {
  TROUPE_TRY(const ModelTensor tensor, find(source, rows, columns));
  // Gone when the device has its own copy.
  std::shared_ptr<const std::vector<float>> widened;
  if (tensor.dtype != DType::f32) widened = widen(tensor);
  const float* values = widened ? widened->data() : reinterpret_cast<const float*>(tensor.data.data());
  TROUPE_TRY(Weight weight, device_.import_factor({values, static_cast<size_t>(rows * columns)}, rows, columns));
  return with_bias(std::move(weight), source, rows);
}

Result<ModelTensor> WeightLoader::find(const LinearSource& source, int64_t rows, int64_t columns) const {
  const int64_t stored = source.stored_rows == 0 ? rows : source.stored_rows;
  TROUPE_ASSERT(source.first_row >= 0 && source.first_row + rows <= stored);
  const std::array shape = source.transposed ? std::array{columns, stored} : std::array{stored, columns};
  TROUPE_TRY(const ModelTensor tensor, folder_.tensor(source.weight, shape));
  return source.transposed ? transposed_rows(tensor, stored, source.first_row, rows)
                           : rows_of(tensor, columns, source.first_row, rows);
}

Result<Linear> WeightLoader::with_bias(Weight weight, const LinearSource& source, int64_t rows) const {
  Linear linear{std::move(weight), {}};
  if (source.bias.empty()) return linear;
  const int64_t stored = source.stored_rows == 0 ? rows : source.stored_rows;
  TROUPE_TRY(const ModelTensor bias, folder_.tensor(source.bias, std::array{stored}));
  TROUPE_TRY(linear.bias, import_widened(rows_of(bias, 1, source.first_row, rows), 1, rows));
  return linear;
}

Result<Weight> WeightLoader::import(const ModelTensor& tensor, int64_t rows, int64_t columns) const {
  if (tensor.dtype == DType::f16) return import_widened(tensor, rows, columns);
  return device_.import_weight(tensor.owner, tensor.data, tensor.dtype, rows, columns);
}

Result<Weight> WeightLoader::import_widened(const ModelTensor& tensor, int64_t rows, int64_t columns) const {
  if (tensor.dtype == DType::f32) return import(tensor, rows, columns);
  const auto values = widen(tensor);
  return device_.import_weight(values, std::as_bytes(std::span(*values)), DType::f32, rows, columns);
}

}  // namespace troupe::gpu
