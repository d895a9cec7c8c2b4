#include "actors/gateway/http/tf_tensors.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "runtime/base/base64.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

using json::Array;
using json::Element;
using json::Object;

constexpr size_t rank_max = 16;
constexpr std::string_view base64_key = "b64";

bool is_base64(Element value) {
  return value.is_object() && Object(value).size() == 1 && !value[base64_key].error();
}

Result<std::string> bytes_of(Element leaf, const std::string& place) {
  std::string_view text;
  if (!leaf.get(text)) return std::string(text);
  TROUPE_TRY(text, json::as_string(leaf[base64_key].value_unsafe(), place + ".b64"));
  auto bytes = base64_decode(text);
  if (!bytes) return fail_field(place, "{}.b64 is not valid base64", place);
  return std::move(*bytes);
}

template <class T>
void put(std::string& out, T value) {
  std::array<char, sizeof(T)> raw;
  std::memcpy(raw.data(), &value, sizeof value);
  out.append(raw.data(), raw.size());
}

/// IEEE 754 half precision.
float half_to_float(uint16_t half) {
  const int exponent = (half >> 10) & 0x1f;
  const int fraction = half & 0x3ff;
  float value = 0;
  if (exponent == 0x1f) {
    value = fraction == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    value = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    value = std::ldexp(static_cast<float>(fraction + 0x400), exponent - 25);
  }
  return (half & 0x8000) != 0 ? -value : value;
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
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  const std::string_view digits(text.data(), static_cast<size_t>(end - text.data()));
  out += digits;
  // A number of a type with fractions shows that, so that it is read back as one.
  if (std::is_floating_point_v<T> && digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

tl::unexpected<Error> does_not_fit(Element leaf, DType dtype, const std::string& place) {
  return fail_field(place, "{} holds {}, which {} cannot", place, simdjson::minify(leaf).substr(0, 64),
                    to_string(dtype));
}

template <class T>
Status append_integer(std::string& out, DType dtype, Element leaf, const std::string& place) {
  int64_t number = 0;
  if (leaf.type() != simdjson::dom::element_type::INT64 || leaf.get(number) || !std::in_range<T>(number))
    return does_not_fit(leaf, dtype, place);
  put(out, static_cast<T>(number));
  return {};
}

template <class T>
Status append_real(std::string& out, DType dtype, Element leaf, const std::string& place) {
  double number = 0;
  if (!leaf.is_number() || leaf.get(number) || std::isinf(static_cast<T>(number)))
    return does_not_fit(leaf, dtype, place);
  put(out, static_cast<T>(number));
  return {};
}

Status append_leaf(std::string& out, DType dtype, Element leaf, const std::string& place) {
  switch (dtype) {
    case DType::boolean: {
      bool value = false;
      if (leaf.get(value)) return does_not_fit(leaf, dtype, place);
      put(out, static_cast<uint8_t>(value));
      return {};
    }
    case DType::u8:
      return append_integer<uint8_t>(out, dtype, leaf, place);
    case DType::u16:
      return append_integer<uint16_t>(out, dtype, leaf, place);
    case DType::u32:
      return append_integer<uint32_t>(out, dtype, leaf, place);
    case DType::u64:
      return append_integer<uint64_t>(out, dtype, leaf, place);
    case DType::i8:
      return append_integer<int8_t>(out, dtype, leaf, place);
    case DType::i16:
      return append_integer<int16_t>(out, dtype, leaf, place);
    case DType::i32:
      return append_integer<int32_t>(out, dtype, leaf, place);
    case DType::i64:
      return append_integer<int64_t>(out, dtype, leaf, place);
    case DType::f32:
      return append_real<float>(out, dtype, leaf, place);
    case DType::f64:
      return append_real<double>(out, dtype, leaf, place);
    case DType::f16:
    case DType::bf16:
      return fail_field(place,
                        "{} is for an input of {}, which JSON does not carry here; send it to /v2 as binary data",
                        place, to_string(dtype));
    case DType::bytes: {
      if (!leaf.is_string() && !is_base64(leaf)) return does_not_fit(leaf, dtype, place);
      TROUPE_TRY(const std::string bytes, bytes_of(leaf, place));
      put(out, static_cast<uint32_t>(bytes.size()));
      out += bytes;
      return {};
    }
  }
  return does_not_fit(leaf, dtype, place);
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = observe::utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

Status TfColumn::add(Element value, std::string place) {
  if (values_.empty()) {
    for (Element inner = value; inner.is_array();) {
      const Array list(inner);
      if (shape_.size() == rank_max) return fail_field(place, "{} is nested deeper than {} lists", place, rank_max);
      shape_.push_back(static_cast<int64_t>(list.size()));
      if (list.size() == 0) break;
      inner = list.at(0).value_unsafe();
    }
  }
  auto note = [this](Element leaf, const std::string& at) { return note_kind(leaf, at); };
  TROUPE_CHECK(walk(value, 0, place, note));
  values_.push_back({value, std::move(place)});
  return {};
}

/// Visits each element of a value that has the shape.
template <class Visit>
Status TfColumn::walk(Element value, size_t axis, const std::string& place, Visit& visit) const {
  if (axis == shape_.size()) {
    if (!value.is_array()) return visit(value, place);
    return fail_field(place, "{} is a list where the values before it are none", place);
  }
  if (!value.is_array()) {
    return fail_field(place, "{} must be a list of {}, found {}", place, shape_[axis], json::describe(value));
  }
  const Array list(value);
  if (!std::cmp_equal(list.size(), shape_[axis])) {
    return fail_field(place, "{} has {} elements where the lists before it have {}", place, list.size(), shape_[axis]);
  }
  if (axis + 1 == shape_.size()) {
    for (const Element leaf : list) {
      if (leaf.is_array()) return fail_field(place, "{} holds lists where the lists before it hold none", place);
      TROUPE_CHECK(visit(leaf, place));
    }
    return {};
  }
  size_t index = 0;
  for (const Element inner : list) TROUPE_CHECK(walk(inner, axis + 1, fmt::format("{}[{}]", place, index++), visit));
  return {};
}

Status TfColumn::note_kind(Element leaf, const std::string& place) {
  Kind found = Kind::none;
  const auto type = leaf.type();  // is_double() is true of integers as well.
  if (type == simdjson::dom::element_type::BOOL) found = Kind::boolean;
  if (type == simdjson::dom::element_type::INT64) found = Kind::integer;
  if (type == simdjson::dom::element_type::DOUBLE) found = Kind::real;
  if (type == simdjson::dom::element_type::STRING || is_base64(leaf)) found = Kind::text;
  if (found == Kind::none) {
    return fail_field(place, "{} must hold numbers, strings, {{\"b64\": \"…\"}}, true or false, found {}", place,
                      json::describe(leaf));
  }
  const auto is_number = [](Kind kind) { return kind == Kind::integer || kind == Kind::real; };
  if (kind_ == Kind::none) {
    kind_ = found;
  } else if (is_number(kind_) && is_number(found)) {
    kind_ = std::max(kind_, found);
  } else if (kind_ != found) {
    return fail_field(place, "{} holds {} among values of another type", place, json::describe(leaf));
  }
  return {};
}

DType TfColumn::found_type() const {
  switch (kind_) {
    case Kind::boolean:
      return DType::boolean;
    case Kind::integer:
      return DType::i64;
    case Kind::text:
      return DType::bytes;
    case Kind::none:
    case Kind::real:
      break;
  }
  return DType::f32;
}

Result<protocol::Tensor> TfColumn::finish() const {
  return finish(found_type());
}

Result<protocol::Tensor> TfColumn::finish(DType wanted) const {
  protocol::Tensor tensor{name_, wanted, shape_, {}};
  if (has_rows_) tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(values_.size()));
  std::string data;
  auto put_leaf = [&](Element leaf, const std::string& place) { return append_leaf(data, wanted, leaf, place); };
  for (const Value& value : values_) TROUPE_CHECK(walk(value.element, 0, value.place, put_leaf));
  tensor.data = Bytes::own(std::move(data));
  return tensor;
}

void TfWriter::append(std::string& out, size_t axis) {
  if (axis == tensor_.shape.size()) return append_element(out);
  out += '[';
  for (int64_t i = 0; i < tensor_.shape[axis]; ++i) {
    if (i > 0) out += ',';
    append(out, axis + 1);
  }
  out += ']';
}

template <class T>
T TfWriter::take() {
  T value;
  std::memcpy(&value, tensor_.data.data() + at_, sizeof value);
  at_ += sizeof value;
  return value;
}

void TfWriter::append_element(std::string& out) {
  switch (tensor_.dtype) {
    case DType::boolean:
      out += take<uint8_t>() != 0 ? "true" : "false";
      return;
    case DType::u8:
      return append_number(out, take<uint8_t>());
    case DType::u16:
      return append_number(out, take<uint16_t>());
    case DType::u32:
      return append_number(out, take<uint32_t>());
    case DType::u64:
      return append_number(out, take<uint64_t>());
    case DType::i8:
      return append_number(out, take<int8_t>());
    case DType::i16:
      return append_number(out, take<int16_t>());
    case DType::i32:
      return append_number(out, take<int32_t>());
    case DType::i64:
      return append_number(out, take<int64_t>());
    case DType::f16:
      return append_number(out, half_to_float(take<uint16_t>()));
    case DType::bf16:
      return append_number(out, std::bit_cast<float>(static_cast<uint32_t>(take<uint16_t>()) << 16));
    case DType::f32:
      return append_number(out, take<float>());
    case DType::f64:
      return append_number(out, take<double>());
    case DType::bytes:
      return append_bytes(out);
  }
}

void TfWriter::append_bytes(std::string& out) {
  const auto length = take<uint32_t>();
  const std::string_view bytes = tensor_.data.view().substr(at_, length);
  at_ += length;
  if (!tensor_.name.ends_with("_bytes") && is_utf8(bytes)) {
    return observe::append_json_string(out, bytes, std::numeric_limits<size_t>::max());
  }
  out += R"({"b64":")";
  out += base64_encode(bytes);
  out += "\"}";
}

}  // namespace troupe::gateway
