#pragma once
// InferTensorContents: a tensor's data as lists of protobuf's own types, for clients that do not send it raw. Pure.

#include <string_view>
#include <vector>

#include "runtime/protocol/tensor.hpp"

namespace troupe::gateway {

/// Fills in the data of `tensor` from its message, which may come in several pieces, as protobuf allows.
/// invalid_argument where the list is not the one of the tensor's type, or its length not the shape's; unimplemented
/// for FP16 and BF16, which have no list; too_large for more than 16 MiB of data. Errors name the tensor.
Status read_tensor_contents(const std::vector<std::string_view>& contents, protocol::Tensor& tensor);

}  // namespace troupe::gateway
