#pragma once
// Tensors' data between JSON and bytes. Only for .cpp files: includes simdjson.

#include "actors/gateway/http/json_reader.hpp"
#include "runtime/protocol/tensor.hpp"

namespace troupe::gateway {

/// Reads `data`, flat or nested row-major, as `shape` asks for. BYTES are strings, BOOL true or false. Errors name the
/// tensor and the element. FP16 and BF16 have no JSON form (unimplemented).
Result<Bytes> read_tensor_data(std::string_view tensor, DType dtype, const std::vector<int64_t>& shape,
                               json::Element data);

/// Appends the data as a flat list. NaN and infinities, which JSON lacks, become null. internal where `tensor` is not
/// valid; unimplemented for FP16, BF16, and BYTES that are not UTF-8.
Status append_tensor_data(std::string& out, const protocol::Tensor& tensor);

}  // namespace troupe::gateway
