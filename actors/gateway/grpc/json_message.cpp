#include "actors/gateway/grpc/json_message.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "actors/gateway/grpc/protobuf.hpp"

namespace troupe::gateway {
namespace {

using json::Element;
using Kind = JsonField::Kind;

/// In the order of Triton's model_config.proto, from 0.
constexpr std::array<std::string_view, 15> datatypes{
    "TYPE_INVALID", "TYPE_BOOL",  "TYPE_UINT8", "TYPE_UINT16", "TYPE_UINT32", "TYPE_UINT64", "TYPE_INT8", "TYPE_INT16",
    "TYPE_INT32",   "TYPE_INT64", "TYPE_FP16",  "TYPE_FP32",   "TYPE_FP64",   "TYPE_STRING", "TYPE_BF16"};

/// The bits of a varint.
std::optional<uint64_t> number_of(Element value) {
  if (int64_t number = 0; !value.get(number)) return static_cast<uint64_t>(number);
  if (uint64_t number = 0; !value.get(number)) return number;
  std::string_view text;
  int64_t number = 0;
  if (value.get(text)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return static_cast<uint64_t>(number);
}

std::optional<uint64_t> varint_of(Kind kind, Element value) {
  if (kind == Kind::number) return number_of(value);
  if (bool truth = false; kind == Kind::truth && !value.get(truth)) return truth ? 1 : 0;
  std::string_view name;
  if (kind != Kind::datatype || value.get(name)) return std::nullopt;
  const auto found = std::ranges::find(datatypes, name);
  if (found == datatypes.end()) return std::nullopt;
  return static_cast<uint64_t>(found - datatypes.begin());
}

void put_field(std::string& out, const JsonField& field, Element value, bool in_list) {
  if (field.kind == Kind::message) {
    if (json::Object object; !value.get(object))
      put_element(out, field.number, write_json_message(object, field.fields));
  } else if (field.kind == Kind::text) {
    std::string_view text;
    if (!value.get(text) && (in_list || !text.empty())) put_element(out, field.number, text);
  } else if (const auto bits = varint_of(field.kind, value)) {
    put_number(out, field.number, *bits);
  }
}

void put_list(std::string& out, const JsonField& field, json::Array list) {
  if (field.kind == Kind::text || field.kind == Kind::message) {
    for (const Element value : list) put_field(out, field, value, true);
    return;
  }
  std::vector<int64_t> numbers;
  for (const Element value : list) {
    if (const auto bits = varint_of(field.kind, value)) numbers.push_back(static_cast<int64_t>(*bits));
  }
  put_packed(out, field.number, numbers);
}

}  // namespace

std::string write_json_message(json::Object object, std::span<const JsonField> fields) {
  std::string out;
  for (const JsonField& field : fields) {
    Element value;
    if (object.at_key(field.name).get(value)) continue;
    if (json::Array list; !value.get(list)) {
      put_list(out, field, list);
    } else {
      put_field(out, field, value, false);
    }
  }
  return out;
}

}  // namespace troupe::gateway
