#pragma once
// What the Open Inference Protocol's forms, JSON over HTTP and protobuf over gRPC, have in common: limits, parameters,
// and what is refused. Pure.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "runtime/base/dtype.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

inline constexpr size_t inference_tensors_max = 256;
inline constexpr size_t inference_rank_max = 16;
inline constexpr size_t inference_name_bytes_max = 256;  ///< Of tensors.
inline constexpr size_t inference_id_bytes_max = 256;
inline constexpr size_t inference_parameters_max = 128;

/// `path` names the tensor's field in errors.
Status check_tensor_name(std::string_view name, const std::string& path);
Result<DType> parse_datatype(std::string_view name, const std::string& path);

/// The value of a parameter in either form.
using ParameterValue = std::variant<bool, int64_t, uint64_t, double, std::string>;
/// `the number 5`, `the string "abc"` (shortened).
std::string describe(const ParameterValue& value);
/// 0, "" and false, which say as much as nothing.
bool is_neutral(const ParameterValue& value);

/// One of the request's: `timeout` (microseconds from now) is its deadline; those that mean something to Triton and are
/// not done here are refused unless they are neutral; the others are the model's, as text.
Status read_inference_parameter(std::string_view key, const ParameterValue& value, const std::string& path,
                                protocol::Infer& infer, std::optional<std::chrono::microseconds>& timeout);

/// Of an output: `classification` is refused unless neutral. False: it is not known here.
Result<bool> read_output_parameter(std::string_view key, const ParameterValue& value, const std::string& path);

/// Of a tensor: unimplemented for shared memory. False: it is not known here.
Result<bool> refuse_shared_memory(std::string_view key, const std::string& path);

/// A parameter of loading (or unloading) a model: those that Triton takes are refused with what to do instead, but for
/// `unload_dependents` false.
Status check_load_parameter(std::string_view key, const ParameterValue& value, bool load, const std::string& path);

}  // namespace troupe::gateway
