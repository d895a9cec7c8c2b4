#include "actors/gateway/http/open_inference.hpp"

#include <algorithm>

#include "actors/gateway/http/json_reader.hpp"
#include "actors/gateway/http/tensor_json.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

using json::Array;
using json::Element;
using json::Object;

constexpr size_t tensors_max = 256;
constexpr size_t rank_max = 16;
constexpr size_t name_bytes_max = 256;
constexpr std::string_view datatypes =
    "BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP32, FP64 or BYTES";

Result<std::string> read_name(Element value, const std::string& path) {
  TROUPE_TRY(const std::string_view name, json::as_string(value, path));
  if (!name.empty() && name.size() <= name_bytes_max) return std::string(name);
  return fail_field(path, "{} must have 1 to {} bytes, found {}", path, name_bytes_max, name.size());
}

/// Parameters are strings, numbers and booleans, and go on as strings.
Status read_parameters(Element value, const std::string& path, std::map<std::string, std::string>& parameters) {
  TROUPE_TRY(const Object object, json::as_object(value, path));
  return json::for_each_field(object, path + ".", [&](std::string_view key, Element field) -> Status {
    if (key.starts_with("binary_data")) {
      return json::unsupported(fmt::format("{}.{}", path, key), "is not supported here: send the data as JSON");
    }
    std::string_view text;
    if (field.is_array() || field.is_object() || field.is_null()) {
      return fail_field(fmt::format("{}.{}", path, key), "{}.{} must be a string, a number, true or false, found {}",
                        path, key, json::describe(field));
    }
    parameters[std::string(key)] = field.get(text) ? simdjson::minify(field) : std::string(text);
    return {};
  });
}

Result<std::vector<int64_t>> read_shape(Element value, const std::string& path) {
  TROUPE_TRY(const Array list, json::as_array(value, path));
  if (list.size() > rank_max) return fail_field(path, "{} may have {} axes, found {}", path, rank_max, list.size());
  std::vector<int64_t> shape;
  for (const Element element : list) {
    int64_t extent = -1;
    if (element.get(extent) || extent < 0) {
      return fail_field(path, "{}[{}] must be an integer from 0, found {}", path, shape.size(),
                        json::describe(element));
    }
    shape.push_back(extent);
  }
  return shape;
}

Result<DType> read_datatype(Element value, const std::string& path) {
  TROUPE_TRY(const std::string_view name, json::as_string(value, path));
  const auto dtype = dtype_from_name(name);
  if (!dtype) {
    return fail_field(path, "{} must be {}, found {}", path, datatypes, json::describe(value));
  }
  if (*dtype == DType::f16 || *dtype == DType::bf16) {
    return json::unsupported(path, fmt::format("is {}, which JSON cannot carry; send FP32", name));
  }
  return *dtype;
}

Result<protocol::Tensor> read_input(Element value, size_t index) {
  const std::string path = fmt::format("inputs[{}]", index);
  TROUPE_TRY(const Object object, json::as_object(value, path));
  std::optional<std::string> name;
  std::optional<DType> dtype;
  std::optional<std::vector<int64_t>> shape;
  std::optional<Element> data;
  TROUPE_CHECK(json::for_each_field(object, path + ".", [&](std::string_view key, Element field) -> Status {
    const std::string place = fmt::format("{}.{}", path, key);
    if (key == "name") {
      TROUPE_TRY(name, read_name(field, place));
    } else if (key == "datatype") {
      TROUPE_TRY(dtype, read_datatype(field, place));
    } else if (key == "shape") {
      TROUPE_TRY(shape, read_shape(field, place));
    } else if (key == "data") {
      data = field;
    } else if (key == "parameters") {
      std::map<std::string, std::string> none;
      return read_parameters(field, place, none);
    } else {
      return json::unknown_key(key, path + ".", {"name", "shape", "datatype", "data", "parameters"});
    }
    return {};
  }));
  const std::string_view missing = !name    ? "name"
                                   : !dtype ? "datatype"
                                   : !shape ? "shape"
                                   : !data  ? "data"
                                            : std::string_view{};
  if (!missing.empty()) return fail_field(fmt::format("{}.{}", path, missing), "{}.{} is missing", path, missing);
  TROUPE_TRY(Bytes bytes, read_tensor_data(*name, *dtype, *shape, *data));
  return protocol::Tensor{std::move(*name), *dtype, std::move(*shape), std::move(bytes)};
}

Status read_inputs(Element value, std::vector<protocol::Tensor>& inputs) {
  TROUPE_TRY(const Array list, json::as_array(value, "inputs"));
  if (list.size() > tensors_max) {
    return fail_field("inputs", "inputs may list {} tensors, found {}", tensors_max, list.size());
  }
  for (const Element element : list) {
    TROUPE_TRY(protocol::Tensor tensor, read_input(element, inputs.size()));
    if (std::ranges::find(inputs, tensor.name, &protocol::Tensor::name) != inputs.end()) {
      return fail_field(tensor.name, "input \"{}\" stands there twice", tensor.name);
    }
    inputs.push_back(std::move(tensor));
  }
  if (inputs.empty()) return fail_field("inputs", "inputs must not be empty");
  return {};
}

Status read_outputs(Element value, std::vector<std::string>& outputs) {
  TROUPE_TRY(const Array list, json::as_array(value, "outputs"));
  if (list.size() > tensors_max) {
    return fail_field("outputs", "outputs may list {} tensors, found {}", tensors_max, list.size());
  }
  for (const Element element : list) {
    const std::string path = fmt::format("outputs[{}]", outputs.size());
    TROUPE_TRY(const Object object, json::as_object(element, path));
    std::string name;
    TROUPE_CHECK(json::for_each_field(object, path + ".", [&](std::string_view key, Element field) -> Status {
      if (key == "parameters") {
        std::map<std::string, std::string> none;
        return read_parameters(field, path + ".parameters", none);
      }
      if (key != "name") return json::unknown_key(key, path + ".", {"name", "parameters"});
      TROUPE_TRY(name, read_name(field, path + ".name"));
      return {};
    }));
    if (name.empty()) return fail_field(path + ".name", "{}.name is missing", path);
    outputs.push_back(std::move(name));
  }
  return {};
}

void append_string(std::string& out, std::string_view text) {
  observe::append_json_string(out, text, std::numeric_limits<size_t>::max());
}

}  // namespace

Result<OpenInferenceRequest> parse_open_inference_request(std::string_view body, JsonParser& parser) {
  TROUPE_TRY(const Object object, json::parse_object(parser, body));
  OpenInferenceRequest request;
  bool has_inputs = false;
  TROUPE_CHECK(json::for_each_field(object, "", [&](std::string_view key, Element value) -> Status {
    if (key == "inputs") {
      has_inputs = true;
      return read_inputs(value, request.infer.inputs);
    }
    if (key == "outputs") return read_outputs(value, request.infer.outputs);
    if (key == "parameters") return read_parameters(value, "parameters", request.infer.parameters);
    if (key != "id") return json::unknown_key(key, "", {"id", "parameters", "inputs", "outputs"});
    TROUPE_TRY(request.id, read_name(value, "id"));
    return {};
  }));
  if (!has_inputs) return fail_field("inputs", "inputs is missing: a list of tensors");
  return request;
}

Result<std::string> format_open_inference_answer(const protocol::InferResult& result, std::string_view model,
                                                 std::string_view version, std::string_view id) {
  std::string out = R"({"model_name":)";
  append_string(out, model);
  out += R"(,"model_version":)";
  append_string(out, version);
  if (!id.empty()) {
    out += R"(,"id":)";
    append_string(out, id);
  }
  out += R"(,"outputs":[)";
  for (const protocol::Tensor& tensor : result.outputs) {
    if (out.back() != '[') out += ',';
    out += R"({"name":)";
    append_string(out, tensor.name);
    fmt::format_to(std::back_inserter(out), R"(,"datatype":"{}","shape":[{}],"data":)", to_string(tensor.dtype),
                   fmt::join(tensor.shape, ","));
    TROUPE_CHECK(append_tensor_data(out, tensor));
    out += '}';
  }
  out += "]}";
  return out;
}

}  // namespace troupe::gateway
