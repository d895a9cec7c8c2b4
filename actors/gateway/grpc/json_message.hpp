#pragma once
// JSON written as a protobuf message, by a table of its fields: so the pages about models, which HTTP shows as JSON,
// are made in one place for both. Only for .cpp files: includes simdjson. Pure.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "actors/gateway/http/json_reader.hpp"

namespace troupe::gateway {

/// A field of a message. Lists in JSON are repeated fields; where numbers are repeated they are packed.
struct JsonField {
  enum class Kind : uint8_t {
    text,
    number,  ///< int or uint of any width; also from text, which is left out where it is no number.
    truth,
    message,   ///< Of `fields`.
    datatype,  ///< Triton's enum DataType, from "TYPE_FP32" and the like.
  };
  std::string_view name;
  uint32_t number = 0;
  Kind kind = Kind::text;
  std::span<const JsonField> fields{};
};

/// Fields that the table does not have are left out: they are JSON's alone.
std::string write_json_message(json::Object object, std::span<const JsonField> fields);

}  // namespace troupe::gateway
