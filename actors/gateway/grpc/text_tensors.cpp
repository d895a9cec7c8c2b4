#include "actors/gateway/grpc/text_tensors.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "actors/gateway/http/json_reader.hpp"
#include "actors/gateway/http/tensor_json.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

using protocol::Tensor;

constexpr std::string_view input_name = "text_input";
constexpr std::string_view output_name = "text_output";

void append_string(std::string& out, std::string_view text) {
  observe::append_json_string(out, text, std::numeric_limits<size_t>::max());
}

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// `text` as JSON: a number or a truth where it is one.
std::string from_text(std::string_view text) {
  if (text == "true" || text == "false") return std::string(text);
  if (const auto number = whole_number<int64_t>(text)) return std::to_string(*number);
  const bool has_digits = text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
  if (const auto number = whole_number<double>(text); number && has_digits) return fmt::format("{}", *number);
  std::string out;
  append_string(out, text);
  return out;
}

Status expect(const Tensor& tensor, DType dtype, size_t elements) {
  size_t count = 1;
  for (const int64_t extent : tensor.shape) count *= static_cast<size_t>(extent);
  if (tensor.dtype == dtype && count == elements) return {};
  return fail_field(tensor.name, "input \"{}\" must be {} with {} element, found {} with {}", tensor.name,
                    to_string(dtype), elements, to_string(tensor.dtype), count);
}

/// The element of a tensor of BYTES that has one.
Result<std::string_view> only_text(const Tensor& tensor) {
  TROUPE_CHECK(expect(tensor, DType::bytes, 1));
  const std::string_view text = tensor.data.view().substr(sizeof(uint32_t));
  for (std::string_view rest = text; !rest.empty();) {
    const size_t length = observe::utf8_length(rest);
    if (length == 0) return fail_field(tensor.name, "input \"{}\" is not UTF-8", tensor.name);
    rest.remove_prefix(length);
  }
  return text;
}

Result<bool> only_truth(const Tensor& tensor) {
  TROUPE_CHECK(expect(tensor, DType::boolean, 1));
  return tensor.data.view().front() != 0;
}

/// Gathers what is said in the several places into the parameters of /generate, so that those are read, checked and
/// refused in one place.
class TextReader {
 public:
  explicit TextReader(JsonParser& parser) : parser_(parser) {}

  Status add(const Tensor& tensor) {
    if (tensor.name == input_name) {
      TROUPE_TRY(text_, only_text(tensor));
    } else if (tensor.name == "stream") {
      TROUPE_TRY(stream_, only_truth(tensor));
    } else if (tensor.name == "exclude_input_in_output") {
      TROUPE_TRY(const bool excluded, only_truth(tensor));
      echo_ = !excluded;
    } else if (tensor.name == "sampling_parameters") {
      return add_object(tensor);
    } else {
      return add_value(tensor);
    }
    return {};
  }

  Status add(const std::string& name, const std::string& text) {
    if (name != "stream") {
      put(name, from_text(text));
      return {};
    }
    if (text != "true" && text != "false")
      return fail_field("parameters.stream", "parameters.stream must be true or false, found \"{}\"", text);
    stream_ = text == "true";
    return {};
  }

  Result<protocol::Generate> read(bool is_stream) {
    if (stream_.value_or(false) && !is_stream)
      return fail_field("stream", "stream is true; ask ModelStreamInfer for a stream");
    std::string json = R"({"text_input":)";
    append_string(json, text_);
    json += fmt::format(R"(,"parameters":{{{}}}}})", parameters_);
    TROUPE_TRY(TextInferenceRequest request,
               parse_text_inference_request(json, is_stream && stream_.value_or(true), parser_));
    request.generate.echo = echo_;
    return std::move(request.generate);
  }

 private:
  void put(std::string_view name, std::string_view json) {
    if (!parameters_.empty()) parameters_ += ',';
    append_string(parameters_, name);
    parameters_ += ':';
    parameters_ += json;
  }

  /// `stop` may be several; the others are one value.
  Status add_value(const Tensor& tensor) {
    if (tensor.dtype == DType::f16 || tensor.dtype == DType::bf16)
      return fail_field(tensor.name, "input \"{}\" must be FP32 or FP64, found {}", tensor.name,
                        to_string(tensor.dtype));
    const bool is_list = tensor.name == "stop" && tensor.dtype == DType::bytes;
    if (!is_list) TROUPE_CHECK(expect(tensor, tensor.dtype, 1));
    if (!is_list && tensor.dtype == DType::bytes) {
      TROUPE_TRY(const std::string_view text, only_text(tensor));
      put(tensor.name, from_text(text));
      return {};
    }
    std::string json;
    TROUPE_CHECK(append_tensor_data(json, tensor));
    put(tensor.name, is_list ? json : json.substr(1, json.size() - 2));
    return {};
  }

  Status add_object(const Tensor& tensor) {
    TROUPE_TRY(const std::string_view text, only_text(tensor));
    const auto object = json::parse_object(parser_, text);
    if (!object) return fail_field(tensor.name, "input \"{}\": {}", tensor.name, object.error().message);
    return json::for_each_field(*object, tensor.name + ".", [this](std::string_view key, json::Element value) {
      std::string_view said;
      if (key == "stop" || value.get(said)) {
        put(key, simdjson::minify(value));
        return Status{};
      }
      return add(std::string(key), std::string(said));
    });
  }

  JsonParser& parser_;
  std::string_view text_;
  std::optional<bool> stream_;
  bool echo_ = false;
  std::string parameters_;  ///< The fields of a JSON object.
};

}  // namespace

bool asks_for_text(const protocol::Infer& infer, const protocol::ModelInterface* known) {
  if (std::ranges::find(infer.inputs, input_name, &Tensor::name) == infer.inputs.end()) return false;
  if (known == nullptr) return true;
  const auto does = [&](protocol::ModelTask task) {
    return std::ranges::find(known->tasks, task) != known->tasks.end();
  };
  return does(protocol::ModelTask::generate) &&
         !(does(protocol::ModelTask::infer) && protocol::find(known->inputs, input_name) != nullptr);
}

Result<protocol::Generate> read_text_request(const InferMessage& message, bool is_stream, JsonParser& parser) {
  for (const std::string& output : message.infer.outputs) {
    if (output != output_name)
      return fail_field("outputs", "there is no output \"{}\"; generated text is \"{}\"", output, output_name);
  }
  TextReader reader(parser);
  for (const Tensor& tensor : message.infer.inputs) TROUPE_CHECK(reader.add(tensor));
  for (const auto& [name, text] : message.infer.parameters) TROUPE_CHECK(reader.add(name, text));
  return reader.read(is_stream);
}

Tensor text_tensor(std::string_view text) {
  std::string data(sizeof(uint32_t), '\0');
  const auto length = static_cast<uint32_t>(text.size());
  std::memcpy(data.data(), &length, sizeof length);
  data += text;
  return {std::string(output_name), DType::bytes, {1}, Bytes::own(std::move(data))};
}

std::string_view finish_name(protocol::FinishReason reason) {
  switch (reason) {
    case protocol::FinishReason::stop:
      return "stop";
    case protocol::FinishReason::length:
      return "length";
    case protocol::FinishReason::tool_calls:
      return "tool_calls";
    case protocol::FinishReason::none:
      break;
  }
  return {};
}

}  // namespace troupe::gateway
