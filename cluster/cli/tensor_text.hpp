#pragma once
// Tensors as people write and read them on a command line, and as the Open Inference Protocol writes them in JSON.
// Pure.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/protocol/tensor.hpp"

namespace troupe::cli {

/// "x=f32:2x3:1,2,3,4,5,6": name, element type, shape, values row-major. The type is one of f32, i64, u8, bool, bytes,
/// … or the protocol's FP32, INT64, …; the shape 2x3 or 2,3, empty for one value. One value alone fills the whole
/// tensor.
Result<protocol::Tensor> parse_tensor(const std::string& text);

/// The tensors of {"inputs":[{"name":…,"datatype":…,"shape":[…],"data":[…]}]}, data flat or nested.
Result<std::vector<protocol::Tensor>> parse_inputs(const nlohmann::json& request);

/// "y FP32 [2,3]: 1 2 3 4 5 6"; long ones are cut short.
std::string format_tensor(const protocol::Tensor& tensor);
/// {"name":…,"datatype":…,"shape":[…],"data":[…]}; data is null for FP16 and BF16, which JSON has no form for.
nlohmann::json json_of(const protocol::Tensor& tensor);

}  // namespace troupe::cli
