#pragma once
// TensorFlow Serving's REST API: JSON <-> tensors. Pure; no HTTP.
//
// https://github.com/tensorflow/serving, tensorflow_serving/g3doc/api_rest.md
//
// What a model declares to take decides the types. Where it declares nothing they are taken from the JSON: integers are
// INT64, numbers of which one has a fraction FP32, strings and {"b64":…} BYTES, true and false BOOL. Narrower integers
// would have to depend on the values, and so change from one request to the next.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/gateway/http/json.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/model_interface.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

enum class TfVerb : uint8_t { predict, classify, regress };

/// How a prediction is asked for, and so answered: {"instances"} and {"predictions"}, or {"inputs"} and {"outputs"}.
enum class TfFormat : uint8_t { rows, columns };

struct TfRequest {
  protocol::Infer infer;
  TfVerb verb = TfVerb::predict;
  TfFormat format = TfFormat::rows;  ///< Of predictions.
};

/// What an input without a name is called, unless the model takes one input alone.
inline constexpr std::string_view tf_unnamed_input = "inputs";

/// Rows of named values become a tensor a name, with the rows along axis 0. Refuses what it does not know, by name, and
/// values that do not fit the type that `declared` has for their input.
Result<TfRequest> parse_tf_request(TfVerb verb, std::string_view body, JsonParser& parser,
                                   const std::vector<protocol::TensorSpec>& declared = {});

/// {"predictions":[…]}, {"outputs":…} or {"result":[…]}. BYTES are strings, or {"b64":…} where they are not UTF-8 or
/// their output's name ends in _bytes; NaN and infinities are null.
///
/// Rows need as many along axis 0 of each output. Classification needs "scores" or "classes" of shape [rows, classes],
/// regression an output with a value a row: failed_precondition where the model answers otherwise.
Result<std::string> format_tf_answer(const protocol::InferResult& result, TfVerb verb, TfFormat format);

}  // namespace troupe::gateway
