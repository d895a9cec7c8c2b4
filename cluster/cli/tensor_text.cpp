#include "cluster/cli/tensor_text.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace troupe::cli {
namespace {

using nlohmann::json;
using protocol::Tensor;

constexpr size_t elements_max = 1 << 24;
constexpr size_t elements_shown_max = 64;

/// Calls `use` with a value of the C++ type that `dtype` stores; false for those that have none here.
template <class Use>
bool with_element_type(DType dtype, Use use) {
  switch (dtype) {
    case DType::boolean:
    case DType::u8:
      return use(uint8_t{}), true;
    case DType::u16:
      return use(uint16_t{}), true;
    case DType::u32:
      return use(uint32_t{}), true;
    case DType::u64:
      return use(uint64_t{}), true;
    case DType::i8:
      return use(int8_t{}), true;
    case DType::i16:
      return use(int16_t{}), true;
    case DType::i32:
      return use(int32_t{}), true;
    case DType::i64:
      return use(int64_t{}), true;
    case DType::f32:
      return use(float{}), true;
    case DType::f64:
      return use(double{}), true;
    default:
      return false;
  }
}

std::optional<DType> dtype_of(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c & ~0x20 : c; });
  if (const auto known = dtype_from_name(name)) return known;
  if (name.size() < 2) return std::nullopt;
  const std::string width = name.substr(1);
  if (name[0] == 'F') return dtype_from_name("FP" + width);
  if (name[0] == 'I') return dtype_from_name("INT" + width);
  if (name[0] == 'U') return dtype_from_name("UINT" + width);
  return std::nullopt;
}

std::vector<std::string> split(const std::string& text, std::string_view separators) {
  std::vector<std::string> pieces;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find_first_of(separators, begin), text.size());
    pieces.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return pieces;
}

Result<size_t> elements_of(const std::string& name, const std::vector<int64_t>& shape) {
  size_t count = 1;
  for (const int64_t extent : shape) {
    if (extent < 0 || (extent > 0 && count > elements_max / static_cast<size_t>(extent)))
      return fail(Errc::invalid_argument, "tensor '{}': a shape of at most {} elements is taken here", name,
                  elements_max);
    count *= static_cast<size_t>(extent);
  }
  return count;
}

void append_bytes(std::string& data, const std::string& value) {
  const auto size = static_cast<uint32_t>(value.size());
  data.append(reinterpret_cast<const char*>(&size), sizeof size).append(value);
}

template <class T>
bool parse_number(const std::string& text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

Status append_text(const std::string& name, DType dtype, std::string text, std::string& data) {
  if (dtype == DType::bytes) return append_bytes(data, text), Status{};
  if (dtype == DType::boolean) text = text == "true" ? "1" : text == "false" ? "0" : text;
  bool is_number = false;
  with_element_type(dtype, [&]<class T>(T value) {
    is_number = parse_number(text, value) && (dtype != DType::boolean || value <= T{1});
    data.append(reinterpret_cast<const char*>(&value), sizeof value);
  });
  if (!is_number) return fail(Errc::invalid_argument, "tensor '{}': '{}' is no {}", name, text, to_string(dtype));
  return {};
}

void flatten(const json& data, std::vector<json>& out) {
  for (const json& one : data) one.is_array() ? flatten(one, out) : out.push_back(one);
}

Result<Tensor> parse_input(const json& input) {
  if (!input.is_object() || !input.contains("name") || !input["name"].is_string())
    return fail(Errc::invalid_argument, "each input is an object with name, datatype, shape and data");
  Tensor tensor{.name = input["name"]};
  const auto dtype = dtype_of(input.value("datatype", ""));
  if (!dtype || (element_size(*dtype) == 2 && (*dtype == DType::f16 || *dtype == DType::bf16)))
    return fail(Errc::invalid_argument, "input '{}': datatype '{}' is not one that JSON can carry, such as FP32",
                tensor.name, input.value("datatype", ""));
  tensor.dtype = *dtype;
  std::vector<json> values;
  flatten(input.value("data", json::array()), values);
  for (const json& extent : input.value("shape", json::array())) tensor.shape.push_back(extent.get<int64_t>());
  std::string data;
  for (const json& value : values) {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    TROUPE_CHECK(append_text(tensor.name, tensor.dtype, text, data));
  }
  tensor.data = Bytes::own(std::move(data));
  TROUPE_CHECK(protocol::validate(tensor));
  return tensor;
}

/// At most `most` elements, as JSON.
json elements(const Tensor& tensor, size_t most) {
  json values = json::array();
  const std::string_view bytes = tensor.data.view();
  if (tensor.dtype == DType::bytes) {
    for (size_t at = 0; at + 4 <= bytes.size() && values.size() < most;) {
      uint32_t size = 0;
      std::memcpy(&size, bytes.data() + at, sizeof size);
      values.push_back(std::string(bytes.substr(at + 4, size)));
      at += 4 + size_t{size};
    }
    return values;
  }
  const bool has_form = with_element_type(tensor.dtype, [&]<class T>(T value) {
    for (size_t at = 0; at + sizeof(T) <= bytes.size() && values.size() < most; at += sizeof(T)) {
      std::memcpy(&value, bytes.data() + at, sizeof(T));
      tensor.dtype == DType::boolean ? values.push_back(value != T{}) : values.push_back(value);
    }
  });
  return has_form ? values : json();
}

}  // namespace

Result<Tensor> parse_tensor(const std::string& text) {
  const auto wrong = [&](const std::string& why) {
    return fail(Errc::invalid_argument, "--tensor '{}': {}; one looks like x=f32:2x3:1,2,3,4,5,6", text, why);
  };
  const size_t equals = text.find('=');
  const size_t first = equals == std::string::npos ? equals : text.find(':', equals);
  const size_t second = first == std::string::npos ? first : text.find(':', first + 1);
  if (second == std::string::npos || equals == 0) return wrong("name, type, shape and values are wanted");
  const auto dtype = dtype_of(text.substr(equals + 1, first - equals - 1));
  if (!dtype || *dtype == DType::f16 || *dtype == DType::bf16)
    return wrong(fmt::format("'{}' is no type that can be written here", text.substr(equals + 1, first - equals - 1)));
  Tensor tensor{.name = text.substr(0, equals), .dtype = *dtype};
  const std::string shape = text.substr(first + 1, second - first - 1);
  for (const std::string& extent : shape.empty() ? std::vector<std::string>{} : split(shape, ",x")) {
    if (!parse_number(extent, tensor.shape.emplace_back()))
      return wrong(fmt::format("'{}' in the shape is no number", extent));
  }
  TROUPE_TRY(const size_t count, elements_of(tensor.name, tensor.shape));
  const std::string rest = text.substr(second + 1);
  std::vector<std::string> values = count == 0 && rest.empty() ? std::vector<std::string>{} : split(rest, ",");
  if (values.size() == 1 && count > 1) values.resize(count, values.front());
  if (values.size() != count) return wrong(fmt::format("the shape has {} values, found {}", count, values.size()));
  std::string data;
  for (const std::string& value : values) TROUPE_CHECK(append_text(tensor.name, tensor.dtype, value, data));
  tensor.data = Bytes::own(std::move(data));
  return tensor;
}

Result<std::vector<Tensor>> parse_inputs(const json& request) {
  if (!request.is_object() || !request.contains("inputs") || !request["inputs"].is_array())
    return fail(Errc::invalid_argument, "the file is no {{\"inputs\": [...]}}");
  std::vector<Tensor> inputs;
  try {
    for (const json& input : request["inputs"]) {
      TROUPE_TRY(Tensor tensor, parse_input(input));
      inputs.push_back(std::move(tensor));
    }
  } catch (const json::exception& exception) {
    return fail(Errc::invalid_argument, "the inputs are not as the Open Inference Protocol has them: {}",
                exception.what());
  }
  return inputs;
}

std::string format_tensor(const Tensor& tensor) {
  std::string text = fmt::format("{} {} [{}]:", tensor.name, to_string(tensor.dtype), fmt::join(tensor.shape, ","));
  const json shown = elements(tensor, elements_shown_max + 1);
  if (shown.is_null()) return text + fmt::format(" {} bytes", tensor.data.size());
  for (size_t i = 0; i < std::min(shown.size(), elements_shown_max); ++i) {
    text += " " + (shown[i].is_number_float() ? fmt::format("{:g}", shown[i].get<double>())
                                              : shown[i].dump(-1, ' ', false, json::error_handler_t::replace));
  }
  return shown.size() > elements_shown_max ? text + " …" : text;
}

json json_of(const Tensor& tensor) {
  return {{"name", tensor.name},
          {"datatype", std::string(to_string(tensor.dtype))},
          {"shape", tensor.shape},
          {"data", elements(tensor, std::numeric_limits<size_t>::max())}};
}

}  // namespace troupe::cli
