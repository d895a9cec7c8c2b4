#include "actors/gateway/http/open_inference.hpp"

#include <algorithm>

#include "actors/gateway/http/json_reader.hpp"
#include "actors/gateway/http/tensor_json.hpp"
#include "actors/gateway/inference_rules.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

using json::Array;
using json::Element;
using json::Object;

Result<std::string> read_name(Element value, const std::string& path) {
  TROUPE_TRY(const std::string_view name, json::as_string(value, path));
  TROUPE_CHECK(check_tensor_name(name, path));
  return std::string(name);
}

Result<ParameterValue> read_value(Element value, const std::string& path) {
  if (bool truth = false; !value.get(truth)) return truth;
  if (int64_t number = 0; !value.get(number)) return number;
  if (uint64_t number = 0; !value.get(number)) return number;
  if (double number = 0; !value.get(number)) return number;
  if (std::string_view text; !value.get(text)) return std::string(text);
  return fail_field(path, "{} must be a string, a number, true or false, found {}", path, json::describe(value));
}

/// Those of the request: some mean something to the server, the others are the model's.
Status read_request_parameter(std::string_view key, Element value, const std::string& path,
                              OpenInferenceRequest& request) {
  if (key == "binary_data_output") {
    TROUPE_TRY(request.binary.others, json::as_bool(value, path));
    return {};
  }
  TROUPE_TRY(const ParameterValue read, read_value(value, path));
  return read_inference_parameter(key, read, path, request.infer, request.timeout);
}

Status read_request_parameters(Element value, OpenInferenceRequest& request) {
  TROUPE_TRY(const Object object, json::as_object(value, "parameters"));
  return json::for_each_field(object, "parameters.", [&](std::string_view key, Element field) {
    return read_request_parameter(key, field, fmt::format("parameters.{}", key), request);
  });
}

Result<std::vector<int64_t>> read_shape(Element value, const std::string& path) {
  TROUPE_TRY(const Array list, json::as_array(value, path));
  if (list.size() > inference_rank_max) {
    return fail_field(path, "{} may have {} axes, found {}", path, inference_rank_max, list.size());
  }
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
  return parse_datatype(name, path);
}

/// Reads `inputs`, and gives each tensor that comes as binary data its share, in the order they stand.
class InputReader {
 public:
  explicit InputReader(const Bytes& binary) : binary_(binary) {}

  Result<std::vector<protocol::Tensor>> read(Element value) {
    TROUPE_TRY(const Array list, json::as_array(value, "inputs"));
    if (list.size() > inference_tensors_max) {
      return fail_field("inputs", "inputs may list {} tensors, found {}", inference_tensors_max, list.size());
    }
    std::vector<protocol::Tensor> inputs;
    for (const Element element : list) {
      TROUPE_TRY(protocol::Tensor tensor, read_input(element, fmt::format("inputs[{}]", inputs.size())));
      if (std::ranges::find(inputs, tensor.name, &protocol::Tensor::name) != inputs.end()) {
        return fail_field(tensor.name, "input \"{}\" stands there twice", tensor.name);
      }
      inputs.push_back(std::move(tensor));
    }
    if (inputs.empty()) return fail_field("inputs", "inputs must not be empty");
    return inputs;
  }

  Status finish() const {
    if (taken_ == binary_.size()) return {};
    return fail_field("inputs", "{} bytes of binary data follow the JSON, but the inputs take {}", binary_.size(),
                      taken_);
  }

 private:
  struct Parts {
    std::optional<std::string> name;
    std::optional<DType> dtype;
    std::optional<std::vector<int64_t>> shape;
    std::optional<Element> data;
    std::optional<size_t> binary_bytes;
  };

  Result<protocol::Tensor> read_input(Element value, const std::string& path) {
    TROUPE_TRY(const Object object, json::as_object(value, path));
    Parts parts;
    TROUPE_CHECK(json::for_each_field(
        object, path + ".", [&](std::string_view key, Element field) { return read_field(key, field, path, parts); }));
    const std::string_view missing = !parts.name                          ? "name"
                                     : !parts.dtype                       ? "datatype"
                                     : !parts.shape                       ? "shape"
                                     : !parts.data && !parts.binary_bytes ? "data"
                                                                          : std::string_view{};
    if (!missing.empty()) return fail_field(fmt::format("{}.{}", path, missing), "{}.{} is missing", path, missing);
    if (parts.data && parts.binary_bytes) {
      return fail_field(path + ".data", "{} has both data and a binary_data_size; one of them is wanted", path);
    }
    protocol::Tensor tensor{std::move(*parts.name), *parts.dtype, std::move(*parts.shape), {}};
    if (parts.binary_bytes) {
      TROUPE_TRY(tensor.data, take(*parts.binary_bytes, tensor.name));
      TROUPE_CHECK(protocol::validate(tensor));
      return tensor;
    }
    if (tensor.dtype == DType::f16 || tensor.dtype == DType::bf16) {
      return json::unsupported(path + ".datatype", fmt::format("is {}, which JSON cannot carry; send it as binary data",
                                                               to_string(tensor.dtype)));
    }
    TROUPE_TRY(tensor.data, read_tensor_data(tensor.name, tensor.dtype, tensor.shape, *parts.data));
    return tensor;
  }

  static Status read_field(std::string_view key, Element field, const std::string& path, Parts& parts) {
    const std::string place = fmt::format("{}.{}", path, key);
    if (key == "name") {
      TROUPE_TRY(parts.name, read_name(field, place));
    } else if (key == "datatype") {
      TROUPE_TRY(parts.dtype, read_datatype(field, place));
    } else if (key == "shape") {
      TROUPE_TRY(parts.shape, read_shape(field, place));
    } else if (key == "data") {
      parts.data = field;
    } else if (key == "parameters") {
      return read_parameters(field, place, parts);
    } else {
      return json::unknown_key(key, path + ".", {"name", "shape", "datatype", "data", "parameters"});
    }
    return {};
  }

  static Status read_parameters(Element value, const std::string& path, Parts& parts) {
    TROUPE_TRY(const Object object, json::as_object(value, path));
    return json::for_each_field(object, path + ".", [&](std::string_view key, Element field) -> Status {
      const std::string place = fmt::format("{}.{}", path, key);
      if (key != "binary_data_size") {
        TROUPE_CHECK(refuse_shared_memory(key, place));
        return json::unknown_key(key, path + ".", {"binary_data_size"});
      }
      TROUPE_TRY(const int64_t bytes, json::as_integer(field, place, 0, std::numeric_limits<int64_t>::max()));
      parts.binary_bytes = static_cast<size_t>(bytes);
      return {};
    });
  }

  Result<Bytes> take(size_t count, const std::string& tensor) {
    const size_t left = binary_.size() - taken_;
    if (count > left) {
      return fail_field(tensor, "input \"{}\": binary_data_size is {}, but {} bytes of binary data are left", tensor,
                        count, left);
    }
    Bytes bytes = binary_.slice(taken_, count);
    taken_ += count;
    return bytes;
  }

  const Bytes& binary_;
  size_t taken_ = 0;
};

Status read_setting_of_output(std::string_view key, Element value, const std::string& path,
                              std::optional<bool>& binary) {
  const std::string place = fmt::format("{}.{}", path, key);
  if (key == "binary_data") {
    TROUPE_TRY(binary, json::as_bool(value, place));
    return {};
  }
  TROUPE_TRY(const ParameterValue read, read_value(value, place));
  TROUPE_TRY(const bool is_known, read_output_parameter(key, read, place));
  return is_known ? Status{} : json::unknown_key(key, path + ".", {"binary_data"});
}

Status read_output(Element value, const std::string& path, OpenInferenceRequest& request) {
  TROUPE_TRY(const Object object, json::as_object(value, path));
  std::string name;
  std::optional<bool> binary;
  TROUPE_CHECK(json::for_each_field(object, path + ".", [&](std::string_view key, Element field) -> Status {
    if (key == "parameters") {
      TROUPE_TRY(const Object parameters, json::as_object(field, path + ".parameters"));
      return json::for_each_field(parameters, path + ".parameters.", [&](std::string_view parameter, Element setting) {
        return read_setting_of_output(parameter, setting, path + ".parameters", binary);
      });
    }
    if (key != "name") return json::unknown_key(key, path + ".", {"name", "parameters"});
    TROUPE_TRY(name, read_name(field, path + ".name"));
    return {};
  }));
  if (name.empty()) return fail_field(path + ".name", "{}.name is missing", path);
  if (binary) request.binary.named[name] = *binary;
  request.infer.outputs.push_back(std::move(name));
  return {};
}

Status read_outputs(Element value, OpenInferenceRequest& request) {
  TROUPE_TRY(const Array list, json::as_array(value, "outputs"));
  if (list.size() > inference_tensors_max) {
    return fail_field("outputs", "outputs may list {} tensors, found {}", inference_tensors_max, list.size());
  }
  for (const Element element : list) {
    TROUPE_CHECK(read_output(element, fmt::format("outputs[{}]", request.infer.outputs.size()), request));
  }
  return {};
}

void append_string(std::string& out, std::string_view text) {
  observe::append_json_string(out, text, std::numeric_limits<size_t>::max());
}

Status append_output(std::string& out, const protocol::Tensor& tensor, bool binary) {
  out += R"({"name":)";
  append_string(out, tensor.name);
  fmt::format_to(std::back_inserter(out), R"(,"datatype":"{}","shape":[{}])", to_string(tensor.dtype),
                 fmt::join(tensor.shape, ","));
  if (binary) {
    fmt::format_to(std::back_inserter(out), R"(,"parameters":{{"binary_data_size":{}}})", tensor.data.size());
  } else {
    out += R"(,"data":)";
    TROUPE_CHECK(append_tensor_data(out, tensor));
  }
  out += '}';
  return {};
}

}  // namespace

Result<OpenInferenceRequest> parse_open_inference_request(std::string_view body, JsonParser& parser,
                                                          const Bytes& binary) {
  TROUPE_TRY(const Object object, json::parse_object(parser, body));
  OpenInferenceRequest request;
  InputReader inputs(binary);
  bool has_inputs = false;
  TROUPE_CHECK(json::for_each_field(object, "", [&](std::string_view key, Element value) -> Status {
    if (key == "inputs") {
      has_inputs = true;
      TROUPE_TRY(request.infer.inputs, inputs.read(value));
      return {};
    }
    if (key == "outputs") return read_outputs(value, request);
    if (key == "parameters") return read_request_parameters(value, request);
    if (key != "id") return json::unknown_key(key, "", {"id", "parameters", "inputs", "outputs"});
    TROUPE_TRY(const std::string_view id, json::as_string(value, "id"));
    if (id.size() > inference_id_bytes_max) {
      return fail_field("id", "id may have {} bytes, found {}", inference_id_bytes_max, id.size());
    }
    request.id = id;
    return {};
  }));
  if (!has_inputs) return fail_field("inputs", "inputs is missing: a list of tensors");
  TROUPE_CHECK(inputs.finish());
  return request;
}

Result<OpenInferenceBody> format_open_inference_answer(const protocol::InferResult& result, std::string_view model,
                                                       std::string_view version, std::string_view id,
                                                       const BinaryOutputs& binary) {
  OpenInferenceBody body;
  std::string& out = body.bytes;
  out = R"({"model_name":)";
  append_string(out, model);
  out += R"(,"model_version":)";
  append_string(out, version);
  if (!id.empty()) {
    out += R"(,"id":)";
    append_string(out, id);
  }
  out += R"(,"outputs":[)";
  size_t binary_bytes = 0;
  bool has_binary = false;
  for (const protocol::Tensor& tensor : result.outputs) {
    if (out.back() != '[') out += ',';
    const bool is_binary = binary.wants(tensor.name);
    TROUPE_CHECK(append_output(out, tensor, is_binary));
    has_binary |= is_binary;
    if (is_binary) binary_bytes += tensor.data.size();
  }
  out += "]}";
  if (!has_binary) return body;
  body.json_bytes = out.size();
  out.reserve(out.size() + binary_bytes);
  for (const protocol::Tensor& tensor : result.outputs) {
    if (binary.wants(tensor.name)) out += tensor.data.view();
  }
  return body;
}

}  // namespace troupe::gateway
