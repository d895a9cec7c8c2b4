#include "runtime/protocol/tensor.hpp"

#include <limits>

namespace troupe::protocol {
namespace {

/// Number of elements, or the Error of a shape that has none.
Result<uint64_t> element_count(const Tensor& tensor) {
  uint64_t count = 1;
  bool is_empty = false;
  for (const int64_t extent : tensor.shape) {
    if (extent < 0)
      return fail_field(tensor.name, "tensor {}: extent {} in the shape is negative", tensor.name, extent);
    const auto size = static_cast<uint64_t>(extent);
    is_empty |= size == 0;
    if (size != 0 && count > std::numeric_limits<int64_t>::max() / size) {
      return fail_field(tensor.name, "tensor {}: the shape has more than 2^63 elements", tensor.name);
    }
    if (size != 0) count *= size;
  }
  return is_empty ? 0 : count;
}

/// `count` times a little-endian u32 length and as many bytes, and nothing after.
Status validate_bytes(const Tensor& tensor, uint64_t count) {
  const auto data = tensor.data.span();
  size_t position = 0;
  for (uint64_t i = 0; i < count; ++i) {
    size_t length = 0;
    if (data.size() - position < 4) {
      return fail_field(tensor.name, "tensor {}: data ends before element {} of {}", tensor.name, i, count);
    }
    for (size_t byte = 0; byte < 4; ++byte) length |= std::to_integer<size_t>(data[position + byte]) << (8 * byte);
    position += 4;
    if (length > data.size() - position) {
      return fail_field(tensor.name, "tensor {}: element {} is {} bytes long, but {} remain", tensor.name, i, length,
                        data.size() - position);
    }
    position += length;
  }
  if (position != data.size()) {
    return fail_field(tensor.name, "tensor {}: {} bytes follow the last of {} elements", tensor.name,
                      data.size() - position, count);
  }
  return {};
}

}  // namespace

Status validate(const Tensor& tensor) {
  TROUPE_TRY(const uint64_t count, element_count(tensor));
  if (tensor.dtype == DType::bytes) return validate_bytes(tensor, count);

  const size_t element = element_size(tensor.dtype);
  if (element == 0) {
    return fail_field(tensor.name, "tensor {}: dtype {} is unknown", tensor.name, static_cast<unsigned>(tensor.dtype));
  }
  if (count > std::numeric_limits<int64_t>::max() / element) {
    return fail_field(tensor.name, "tensor {}: the shape asks for more than 2^63 bytes", tensor.name);
  }
  if (count * element != tensor.data.size()) {
    return fail_field(tensor.name, "tensor {}: {} elements of {} take {} bytes, but data has {}", tensor.name, count,
                      to_string(tensor.dtype), count * element, tensor.data.size());
  }
  return {};
}

}  // namespace troupe::protocol
