#include "actors/gateway/grpc/infer_message.hpp"

#include <algorithm>
#include <bit>

#include "actors/gateway/grpc/tensor_contents.hpp"
#include "actors/gateway/inference_rules.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

constexpr size_t model_bytes_max = 512;
constexpr size_t key_bytes_max = 256;
constexpr size_t error_bytes_max = 4096;
/// Tensors below it are cheaper to copy than to keep apart.
constexpr size_t shared_bytes_min = 4096;

/// proto3's strings are UTF-8; what is not could not be sent back.
Result<std::string> read_text(const ProtoField& field, const std::string& path, size_t bytes_max) {
  TROUPE_TRY(std::string text, proto_text(field, path, bytes_max));
  for (std::string_view rest = text; !rest.empty();) {
    const size_t length = observe::utf8_length(rest);
    if (length == 0) return fail_field(path, "{} is not UTF-8", path);
    rest.remove_prefix(length);
  }
  return text;
}

/// An InferParameter.
Result<ParameterValue> read_value(std::string_view message, const std::string& path) {
  std::optional<ParameterValue> value;
  TROUPE_CHECK(for_each_proto_field(message, [&](const ProtoField& field) -> Status {
    switch (field.number) {
      case 1: {
        TROUPE_TRY(value, proto_bool(field, path));
        return {};
      }
      case 2: {
        TROUPE_TRY(const uint64_t bits, proto_varint(field, path));
        value = static_cast<int64_t>(bits);
        return {};
      }
      case 3: {
        TROUPE_TRY(const std::string_view text, proto_bytes(field, path));
        value = std::string(text);
        return {};
      }
      case 4:
        return for_each_number(field, WireType::fixed64, path, [&](uint64_t bits) -> Status {
          value = std::bit_cast<double>(bits);
          return {};
        });
      case 5: {
        TROUPE_TRY(value, proto_varint(field, path));
        return {};
      }
      default:
        return unknown_proto_field("InferParameter", field.number);
    }
  }));
  if (!value) return fail_field(path, "{} has no value", path);
  return std::move(*value);
}

struct Parameter {
  std::string key;
  std::string path;
  ParameterValue value;
};

/// An entry of a map<string, InferParameter> that `prefix` names.
Result<Parameter> read_parameter(const ProtoField& entry, const std::string& prefix) {
  TROUPE_TRY(const std::string_view message, proto_bytes(entry, prefix));
  Parameter parameter;
  std::string_view value;
  TROUPE_CHECK(for_each_proto_field(message, [&](const ProtoField& field) -> Status {
    if (field.number == 1) {
      TROUPE_TRY(parameter.key, read_text(field, prefix, key_bytes_max));
    } else if (field.number == 2) {
      TROUPE_TRY(value, proto_bytes(field, prefix));
    } else {
      return unknown_proto_field(prefix, field.number);
    }
    return {};
  }));
  parameter.path = fmt::format("{}.{}", prefix, parameter.key);
  TROUPE_TRY(parameter.value, read_value(value, parameter.path));
  return parameter;
}

tl::unexpected<Error> unknown_parameter(const Parameter& parameter) {
  return fail_field(parameter.path, "there is no parameter {}", parameter.path);
}

/// An InferInputTensor, and where its data stands unless that comes raw.
struct Input {
  protocol::Tensor tensor;
  std::vector<std::string_view> contents;
};

Status read_extent(uint64_t bits, const std::string& path, std::vector<int64_t>& shape) {
  if (shape.size() == inference_rank_max) return fail_field(path, "{} may have {} axes", path, inference_rank_max);
  shape.push_back(static_cast<int64_t>(bits));
  return {};
}

Result<Input> read_input(std::string_view message, const std::string& path) {
  Input input;
  std::optional<DType> dtype;
  TROUPE_CHECK(for_each_proto_field(message, [&](const ProtoField& field) -> Status {
    switch (field.number) {
      case 1: {
        TROUPE_TRY(input.tensor.name, read_text(field, path + ".name", inference_name_bytes_max));
        return {};
      }
      case 2: {
        TROUPE_TRY(const std::string_view name, proto_bytes(field, path + ".datatype"));
        TROUPE_TRY(dtype, parse_datatype(name, path + ".datatype"));
        return {};
      }
      case 3:
        return for_each_number(field, WireType::varint, path + ".shape",
                               [&](uint64_t bits) { return read_extent(bits, path + ".shape", input.tensor.shape); });
      case 4: {
        TROUPE_TRY(const Parameter parameter, read_parameter(field, path + ".parameters"));
        TROUPE_CHECK(refuse_shared_memory(parameter.key, parameter.path));
        return unknown_parameter(parameter);
      }
      case 5: {
        TROUPE_TRY(const std::string_view contents, proto_bytes(field, path + ".contents"));
        input.contents.push_back(contents);
        return {};
      }
      default:
        return unknown_proto_field("InferInputTensor", field.number);
    }
  }));
  TROUPE_CHECK(check_tensor_name(input.tensor.name, path + ".name"));
  if (!dtype) return fail_field(path + ".datatype", "{}.datatype is missing", path);
  input.tensor.dtype = *dtype;
  return input;
}

Result<std::string> read_output(std::string_view message, const std::string& path) {
  std::string name;
  TROUPE_CHECK(for_each_proto_field(message, [&](const ProtoField& field) -> Status {
    if (field.number == 1) {
      TROUPE_TRY(name, read_text(field, path + ".name", inference_name_bytes_max));
      return {};
    }
    if (field.number != 2) return unknown_proto_field("InferRequestedOutputTensor", field.number);
    TROUPE_TRY(const Parameter parameter, read_parameter(field, path + ".parameters"));
    TROUPE_TRY(const bool is_known, read_output_parameter(parameter.key, parameter.value, parameter.path));
    return is_known ? Status{} : unknown_parameter(parameter);
  }));
  TROUPE_CHECK(check_tensor_name(name, path + ".name"));
  return name;
}

/// Reads a message's fields, then puts together what belongs together: raw contents stand apart from their tensors.
class InferReader {
 public:
  explicit InferReader(const Bytes& message) : message_(message) {}

  Result<InferMessage> read() {
    TROUPE_CHECK(for_each_proto_field(message_.view(), [this](const ProtoField& field) { return read_field(field); }));
    if (read_.model.empty()) return fail_field("model_name", "model_name is missing");
    if (inputs_.empty()) return fail_field("inputs", "inputs must not be empty");
    TROUPE_CHECK(give_out_raw());
    for (Input& input : inputs_) {
      const auto same = [&](const protocol::Tensor& other) { return other.name == input.tensor.name; };
      if (std::ranges::any_of(read_.infer.inputs, same))
        return fail_field(input.tensor.name, "input \"{}\" stands there twice", input.tensor.name);
      read_.infer.inputs.push_back(std::move(input.tensor));
    }
    return std::move(read_);
  }

 private:
  Status read_field(const ProtoField& field) {
    switch (field.number) {
      case 1: {
        TROUPE_TRY(read_.model, read_text(field, "model_name", model_bytes_max));
        return {};
      }
      case 2: {
        TROUPE_TRY(read_.version, read_text(field, "model_version", model_bytes_max));
        return {};
      }
      case 3: {
        TROUPE_TRY(read_.id, read_text(field, "id", inference_id_bytes_max));
        return {};
      }
      case 4:
        return read_request_parameter(field);
      case 5: {
        TROUPE_CHECK(check_count("inputs", inputs_.size()));
        TROUPE_TRY(const std::string_view message, proto_bytes(field, "inputs"));
        TROUPE_TRY(Input input, read_input(message, fmt::format("inputs[{}]", inputs_.size())));
        inputs_.push_back(std::move(input));
        return {};
      }
      case 6: {
        std::vector<std::string>& outputs = read_.infer.outputs;
        TROUPE_CHECK(check_count("outputs", outputs.size()));
        TROUPE_TRY(const std::string_view message, proto_bytes(field, "outputs"));
        TROUPE_TRY(std::string output, read_output(message, fmt::format("outputs[{}]", outputs.size())));
        outputs.push_back(std::move(output));
        return {};
      }
      case 7: {
        TROUPE_CHECK(check_count("raw_input_contents", raw_.size()));
        TROUPE_TRY(const std::string_view bytes, proto_bytes(field, "raw_input_contents"));
        raw_.push_back(bytes);
        return {};
      }
      default:
        return unknown_proto_field("ModelInferRequest", field.number);
    }
  }

  Status read_request_parameter(const ProtoField& field) {
    if (++parameters_ > inference_parameters_max)
      return fail_field("parameters", "parameters may have {} keys", inference_parameters_max);
    TROUPE_TRY(const Parameter parameter, read_parameter(field, "parameters"));
    // The last piece of an answer says itself that it is the last; an empty one is never needed for that.
    if (parameter.key == "triton_enable_empty_final_response") return {};
    return read_inference_parameter(parameter.key, parameter.value, parameter.path, read_.infer, read_.timeout);
  }

  static Status check_count(std::string_view list, size_t count) {
    if (count < inference_tensors_max) return {};
    return fail_field(std::string(list), "{} may list {} tensors", list, inference_tensors_max);
  }

  /// In order, to the inputs that have no contents of their own.
  Status give_out_raw() {
    const auto wanting = std::ranges::count_if(inputs_, [](const Input& input) { return input.contents.empty(); });
    if (!raw_.empty() && std::cmp_not_equal(raw_.size(), wanting))
      return fail_field("raw_input_contents", "raw_input_contents has {} elements, but {} inputs have no contents",
                        raw_.size(), wanting);
    size_t next = 0;
    for (Input& input : inputs_) {
      if (!input.contents.empty() || raw_.empty()) {
        TROUPE_CHECK(read_tensor_contents(input.contents, input.tensor));
        continue;
      }
      const std::string_view bytes = raw_[next++];
      input.tensor.data = message_.slice(static_cast<size_t>(bytes.data() - message_.view().data()), bytes.size());
      TROUPE_CHECK(protocol::validate(input.tensor));
    }
    return {};
  }

  const Bytes& message_;
  InferMessage read_;
  std::vector<Input> inputs_;
  std::vector<std::string_view> raw_;
  size_t parameters_ = 0;
};

/// An entry of `parameters`: `value` is an InferParameter.
void put_parameter(std::string& out, std::string_view key, std::string_view value) {
  std::string entry;
  put_text(entry, 1, key);
  put_element(entry, 2, value);
  put_element(out, 4, entry);
}

void put_head(std::string& out, const InferHead& head) {
  put_text(out, 1, head.model);
  put_text(out, 2, head.version);
  put_text(out, 3, head.id);
  std::string value;
  if (head.is_final) {
    put_set_number(value, 1, *head.is_final ? 1 : 0);
    put_parameter(out, "triton_final_response", value);
  }
  if (!head.finish_reason.empty()) {
    value.clear();
    put_element(value, 3, head.finish_reason);
    put_parameter(out, "finish_reason", value);
  }
}

void put_output(std::string& out, const protocol::Tensor& tensor) {
  std::string output;
  put_text(output, 1, tensor.name);
  put_text(output, 2, to_string(tensor.dtype));
  put_packed(output, 3, tensor.shape);
  put_element(out, 5, output);
}

}  // namespace

Result<InferMessage> read_infer_message(const Bytes& message) {
  return InferReader(message).read();
}

InferNames peek_names(const Bytes& message) {
  InferNames names;
  static_cast<void>(for_each_proto_field(message.view(), [&](const ProtoField& field) -> Status {
    if (field.number == 1) {
      TROUPE_TRY(names.model, read_text(field, "model_name", model_bytes_max));
    } else if (field.number == 3) {
      TROUPE_TRY(names.id, read_text(field, "id", inference_id_bytes_max));
    }
    return {};
  }));
  return names;
}

ProtoPieces write_infer_response(const InferHead& head, const std::vector<protocol::Tensor>& outputs) {
  ProtoPieces response;
  std::string out;
  put_head(out, head);
  for (const protocol::Tensor& tensor : outputs) put_output(out, tensor);
  for (const protocol::Tensor& tensor : outputs) {
    put_header(out, 6, tensor.data.size());
    if (tensor.data.size() < shared_bytes_min) {
      out += tensor.data.view();
      continue;
    }
    response.pieces.push_back(Bytes::own(std::exchange(out, {})));
    response.pieces.push_back(tensor.data);
  }
  if (!out.empty()) response.pieces.push_back(Bytes::own(std::move(out)));
  return response;
}

ProtoPieces write_stream_response(ProtoPieces response) {
  std::string header;
  put_header(header, 2, response.size());
  response.pieces.insert(response.pieces.begin(), Bytes::own(std::move(header)));
  return response;
}

ProtoPieces write_stream_error(const InferHead& head, std::string_view message) {
  std::string out;
  put_text(out, 1, observe::sanitize(message, error_bytes_max));
  std::string response;
  put_head(response, head);
  put_element(out, 2, response);
  ProtoPieces pieces;
  pieces.pieces.push_back(Bytes::own(std::move(out)));
  return pieces;
}

}  // namespace troupe::gateway
