#pragma once
// Messages of the Open Inference Protocol as clients of these tests write them.

#include "actors/gateway/grpc/protobuf.hpp"

namespace troupe::gateway::testing {

/// A value of InferParameter.
inline std::string bool_value(bool value) {
  std::string out;
  put_set_number(out, 1, value ? 1 : 0);
  return out;
}
inline std::string int_value(int64_t value) {
  std::string out;
  put_set_number(out, 2, static_cast<uint64_t>(value));
  return out;
}
inline std::string text_value(std::string_view value) {
  std::string out;
  put_element(out, 3, value);
  return out;
}

/// Adds an entry of the map `number`.
inline void put_entry(std::string& out, uint32_t number, std::string_view key, std::string_view value) {
  std::string entry;
  put_text(entry, 1, key);
  put_element(entry, 2, value);
  put_element(out, number, entry);
}

/// An InferInputTensor; `contents` is an InferTensorContents, or empty where the data comes raw.
inline std::string input(std::string_view name, std::string_view datatype, const std::vector<int64_t>& shape,
                         std::string_view contents = {}) {
  std::string out;
  put_text(out, 1, name);
  put_text(out, 2, datatype);
  put_packed(out, 3, shape);
  if (!contents.empty()) put_element(out, 5, contents);
  return out;
}

/// A ModelInferRequest, part by part.
struct Request {
  std::string bytes;

  explicit Request(std::string_view model = "m") { put_text(bytes, 1, model); }
  Request& version(std::string_view text) { return put_text(bytes, 2, text), *this; }
  Request& id(std::string_view text) { return put_text(bytes, 3, text), *this; }
  Request& parameter(std::string_view key, std::string_view value) { return put_entry(bytes, 4, key, value), *this; }
  Request& add(std::string_view input) { return put_element(bytes, 5, input), *this; }
  Request& raw(std::string_view data) { return put_element(bytes, 7, data), *this; }
  Request& output(std::string_view name) {
    std::string out;
    put_text(out, 1, name);
    put_element(bytes, 6, out);
    return *this;
  }
  /// An input of one element of BYTES.
  Request& text(std::string_view name, std::string_view element) {
    std::string data;
    const auto length = static_cast<uint32_t>(element.size());
    data.append(reinterpret_cast<const char*>(&length), sizeof length).append(element);
    return add(input(name, "BYTES", {1})).raw(data);
  }
  Bytes message() const { return Bytes::copy(bytes); }
};

/// The bytes of the first field `number` of a message, or of a path of such; "" where it has none.
inline std::string field_of(std::string_view message, std::initializer_list<uint32_t> path) {
  std::string_view found = message;
  for (const uint32_t number : path) {
    std::optional<std::string_view> next;
    static_cast<void>(for_each_proto_field(found, [&](const ProtoField& field) -> Status {
      if (field.number == number && !next) next = field.bytes;
      return {};
    }));
    if (!next) return "";
    found = *next;
  }
  return std::string(found);
}

/// The number in the first field `number` of a message.
inline uint64_t number_of(std::string_view message, uint32_t number) {
  std::optional<uint64_t> found;
  static_cast<void>(for_each_proto_field(message, [&](const ProtoField& field) -> Status {
    if (field.number == number && !found) found = field.value;
    return {};
  }));
  return found.value_or(0);
}

}  // namespace troupe::gateway::testing
