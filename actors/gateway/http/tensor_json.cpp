#include "actors/gateway/http/tensor_json.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <span>

#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

using json::Array;
using json::Element;

static_assert(std::endian::native == std::endian::little, "tensors are little-endian on the wire");

/// Walks `data` and appends its elements.
class DataReader {
 public:
  DataReader(std::string_view tensor, DType dtype, const std::vector<int64_t>& shape, size_t count)
      : tensor_(tensor), dtype_(dtype), shape_(shape), count_(count) {}

  Result<Bytes> read(Element data) {
    if (!data.is_array()) {
      if (!shape_.empty()) return wrong("must be a list, found {}", json::describe(data));
      TROUPE_CHECK(element(data));
      return finish();
    }
    const Array list(data);
    const bool is_nested = list.size() > 0 && list.at(0).value_unsafe().is_array();
    if (is_nested) {
      TROUPE_CHECK(nested(list, 0, "data"));
    } else {
      TROUPE_CHECK(flat(list));
    }
    return finish();
  }

 private:
  template <class... Args>
  tl::unexpected<Error> wrong(fmt::format_string<Args...> format, Args&&... args) const {
    return fail_field(std::string(tensor_), "input \"{}\": data {}", tensor_,
                      fmt::format(format, std::forward<Args>(args)...));
  }

  Result<Bytes> finish() {
    if (read_ != count_) return wrong("has {} elements, the shape wants {}", read_, count_);
    return Bytes::own(std::move(bytes_));
  }

  Status flat(Array list) {
    for (const Element value : list) TROUPE_CHECK(element(value));
    return {};
  }

  Status nested(Array list, size_t axis, const std::string& path) {
    const size_t size = list.size();
    if (axis >= shape_.size() || std::cmp_not_equal(size, shape_[axis])) {
      const std::string wanted = axis < shape_.size() ? fmt::format("{} elements", shape_[axis]) : "no list";
      return fail_field(std::string(tensor_), "input \"{}\": {} has {} elements, the shape wants {} there", tensor_,
                        path, size, wanted);
    }
    if (axis + 1 == shape_.size()) return flat(list);
    size_t index = 0;
    for (const Element value : list) {
      const std::string inner = fmt::format("{}[{}]", path, index++);
      if (!value.is_array()) {
        return fail_field(std::string(tensor_), "input \"{}\": {} must be a list, found {}", tensor_, inner,
                          json::describe(value));
      }
      TROUPE_CHECK(nested(Array(value), axis + 1, inner));
    }
    return {};
  }

  Status element(Element value) {
    const auto status = append(value);
    if (status) ++read_;
    return status;
  }

  Status append(Element value) {
    switch (dtype_) {
      case DType::boolean:
        return boolean(value);
      case DType::u8:
        return integer<uint8_t>(value);
      case DType::u16:
        return integer<uint16_t>(value);
      case DType::u32:
        return integer<uint32_t>(value);
      case DType::u64:
        return integer<uint64_t>(value);
      case DType::i8:
        return integer<int8_t>(value);
      case DType::i16:
        return integer<int16_t>(value);
      case DType::i32:
        return integer<int32_t>(value);
      case DType::i64:
        return integer<int64_t>(value);
      case DType::f32:
        return real<float>(value);
      case DType::f64:
        return real<double>(value);
      case DType::bytes:
        return string(value);
      case DType::f16:
      case DType::bf16:
        break;
    }
    return json::unsupported(
        std::string(tensor_),
        fmt::format("has datatype {}, which JSON cannot carry; send it as binary data", to_string(dtype_)));
  }

  tl::unexpected<Error> misfit(Element value) const {
    return wrong("element {} must be {}, found {}", read_, to_string(dtype_), json::describe(value));
  }

  Status boolean(Element value) {
    bool truth = false;
    if (value.get(truth)) return misfit(value);
    put(static_cast<uint8_t>(truth));
    return {};
  }

  template <class T>
  Status integer(Element value) {
    int64_t number = 0;
    uint64_t large = 0;
    if (!value.get(number)) {
      if (!std::in_range<T>(number)) return misfit(value);
      put(static_cast<T>(number));
    } else if (!value.get(large)) {
      if (!std::in_range<T>(large)) return misfit(value);
      put(static_cast<T>(large));
    } else {
      return misfit(value);
    }
    return {};
  }

  template <class T>
  Status real(Element value) {
    constexpr double most = std::numeric_limits<T>::max();
    // The shortest form of the largest float reads as a little more: it still rounds to it.
    constexpr double rounds_to_most = std::is_same_v<T, float> ? 0x1.ffffffp127 : most;
    double number = 0;
    if (value.get(number) || std::abs(number) > rounds_to_most) return misfit(value);
    put(static_cast<T>(std::clamp(number, -most, most)));
    return {};
  }

  Status string(Element value) {
    std::string_view text;
    if (value.get(text)) return misfit(value);
    put(static_cast<uint32_t>(text.size()));
    bytes_ += text;
    return {};
  }

  template <class T>
  void put(T value) {
    std::array<char, sizeof(T)> raw;
    std::memcpy(raw.data(), &value, sizeof value);
    bytes_.append(raw.data(), raw.size());
  }

  const std::string_view tensor_;
  const DType dtype_;
  const std::vector<int64_t>& shape_;
  const size_t count_;
  size_t read_ = 0;
  std::string bytes_;
};

template <class T, class Append>
void append_numbers(std::string& out, std::span<const std::byte> data, Append append) {
  for (size_t at = 0; at + sizeof(T) <= data.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, data.data() + at, sizeof value);
    if (at > 0) out += ',';
    append(out, value);
  }
}

template <class T>
void append_number(std::string& out, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) {
      out += "null";
      return;
    }
  }
  std::array<char, 40> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

template <class T>
void append_all(std::string& out, const protocol::Tensor& tensor) {
  append_numbers<T>(out, tensor.data.span(), [](std::string& o, T value) { append_number(o, value); });
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = observe::utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

tl::unexpected<Error> json_cannot_carry(const std::string& output, std::string_view what) {
  return fail(Error{Errc::unimplemented,
                    fmt::format("output \"{}\" {}, which JSON cannot carry; ask for it as binary data", output, what),
                    output,
                    {}});
}

Status append_strings(std::string& out, const protocol::Tensor& tensor) {
  std::string_view rest = tensor.data.view();
  for (bool first = true; !rest.empty(); first = false) {
    uint32_t length = 0;
    std::memcpy(&length, rest.data(), sizeof length);
    const std::string_view text = rest.substr(sizeof length, length);
    rest.remove_prefix(sizeof length + length);
    if (!is_utf8(text)) {
      return json_cannot_carry(tensor.name, "holds bytes that are not UTF-8");
    }
    if (!first) out += ',';
    observe::append_json_string(out, text, std::numeric_limits<size_t>::max());
  }
  return {};
}

}  // namespace

Result<Bytes> read_tensor_data(std::string_view tensor, DType dtype, const std::vector<int64_t>& shape,
                               json::Element data) {
  size_t count = 1;
  for (int64_t extent : shape) {
    if (__builtin_mul_overflow(count, static_cast<size_t>(extent), &count)) {
      return fail_field(std::string(tensor), "input \"{}\": the shape asks for more elements than there are numbers",
                        tensor);
    }
  }
  return DataReader(tensor, dtype, shape, count).read(data);
}

Status append_tensor_data(std::string& out, const protocol::Tensor& tensor) {
  if (const auto status = protocol::validate(tensor); !status) {
    return fail(Errc::internal, "output is malformed: {}", status.error().message);
  }
  out += '[';
  switch (tensor.dtype) {
    case DType::boolean:
      append_numbers<uint8_t>(out, tensor.data.span(),
                              [](std::string& o, uint8_t value) { o += value != 0 ? "true" : "false"; });
      break;
    case DType::u8:
      append_all<uint8_t>(out, tensor);
      break;
    case DType::u16:
      append_all<uint16_t>(out, tensor);
      break;
    case DType::u32:
      append_all<uint32_t>(out, tensor);
      break;
    case DType::u64:
      append_all<uint64_t>(out, tensor);
      break;
    case DType::i8:
      append_all<int8_t>(out, tensor);
      break;
    case DType::i16:
      append_all<int16_t>(out, tensor);
      break;
    case DType::i32:
      append_all<int32_t>(out, tensor);
      break;
    case DType::i64:
      append_all<int64_t>(out, tensor);
      break;
    case DType::f32:
      append_all<float>(out, tensor);
      break;
    case DType::f64:
      append_all<double>(out, tensor);
      break;
    case DType::bytes:
      TROUPE_CHECK(append_strings(out, tensor));
      break;
    case DType::f16:
    case DType::bf16:
      return json_cannot_carry(tensor.name, fmt::format("has datatype {}", to_string(tensor.dtype)));
  }
  out += ']';
  return {};
}

}  // namespace troupe::gateway
