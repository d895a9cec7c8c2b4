#include "actors/gateway/http/answer_format.hpp"

#include <algorithm>
#include <array>

namespace troupe::gateway {
namespace {

using json::Array;
using json::Element;
using json::Object;
using protocol::AnswerFormat;

/// As an object, or as its text.
Result<AnswerFormat> read_schema(Element value, std::string_view field) {
  std::string_view text;
  if (!value.get(text)) return protocol::JsonSchema{std::string(text)};
  if (value.is_object() || value.is_bool()) return protocol::JsonSchema{simdjson::minify(value)};
  return fail_field(std::string(field), "{} must be a JSON Schema, found {}", field, json::describe(value));
}

/// OpenAI's wrapping of a schema.
Result<AnswerFormat> read_named_schema(Element value) {
  TROUPE_TRY(const Object fields, json::as_object(value, "response_format.json_schema"));
  std::optional<AnswerFormat> format;
  bool has_name = false;
  TROUPE_CHECK(
      json::for_each_field(fields, "response_format.json_schema.", [&](std::string_view key, Element field) -> Status {
        const std::string place = fmt::format("response_format.json_schema.{}", key);
        if (key == "name" || key == "description") {
          has_name = has_name || key == "name";
          if (key == "description" && field.is_null()) return {};
          TROUPE_CHECK(json::as_string(field, place));
          return {};
        }
        if (key == "schema") {
          TROUPE_TRY(format, read_schema(field, place));
          return {};
        }
        if (key == "strict") {
          if (!field.is_null()) TROUPE_CHECK(json::as_bool(field, place));
          return {};
        }
        return json::unknown_key(key, "response_format.json_schema.", {"name", "description", "schema", "strict"});
      }));
  if (!has_name) {
    return fail_field("response_format.json_schema.name", "response_format.json_schema.name is missing: a word for it");
  }
  if (!format) {
    return fail_field("response_format.json_schema.schema",
                      "response_format.json_schema.schema is missing: the JSON Schema that the answer satisfies");
  }
  return *std::move(format);
}

Result<AnswerFormat> read_choice(Element value) {
  TROUPE_TRY(const Array list, json::as_array(value, "structured_outputs.choice"));
  protocol::TextChoice choice;
  for (const Element element : list) {
    TROUPE_TRY(const std::string_view text, json::as_string(element, "structured_outputs.choice"));
    choice.texts.emplace_back(text);
  }
  return choice;
}

}  // namespace

Result<AnswerFormat> read_response_format(Element value) {
  TROUPE_TRY(const Object fields, json::as_object(value, "response_format"));
  std::string_view type;
  std::optional<Element> schema;
  TROUPE_CHECK(json::for_each_field(fields, "response_format.", [&](std::string_view key, Element field) -> Status {
    if (key == "type") {
      TROUPE_TRY(type, json::as_string(field, "response_format.type"));
      return {};
    }
    if (key != "json_schema") return json::unknown_key(key, "response_format.", {"type", "json_schema"});
    if (!field.is_null()) schema = field;
    return {};
  }));
  if (schema && type != "json_schema") {
    return fail_field("response_format.json_schema",
                      "response_format.json_schema needs type \"json_schema\" beside it");
  }
  if (type == "text") return protocol::FreeText{};
  if (type == "json_object") return protocol::JsonObject{};
  if (type.empty()) {
    return fail_field("response_format.type",
                      "response_format.type is missing: \"text\", \"json_object\" or \"json_schema\"");
  }
  if (type != "json_schema") {
    return json::unsupported(
        "response_format", fmt::format("of type \"{}\" is not supported here; there are \"text\", \"json_object\" and "
                                       "\"json_schema\"",
                                       type.substr(0, 40)));
  }
  if (!schema) {
    return fail_field("response_format.json_schema",
                      "response_format.json_schema is missing: an object with name and schema");
  }
  return read_named_schema(*schema);
}

Result<AnswerFormat> read_structured_outputs(Element value) {
  constexpr std::array<std::string_view, 3> others{"regex", "grammar", "structural_tag"};
  TROUPE_TRY(const Object fields, json::as_object(value, "structured_outputs"));
  std::optional<AnswerFormat> format;
  TROUPE_CHECK(json::for_each_field(fields, "structured_outputs.", [&](std::string_view key, Element field) -> Status {
    if (field.is_null()) return {};
    const std::string place = fmt::format("structured_outputs.{}", key);
    if (std::ranges::find(others, key) != others.end()) {
      return json::unsupported(place, "is not supported here; use json or choice");
    }
    if (key == "json_object") {
      TROUPE_TRY(const bool is_wanted, json::as_bool(field, place));
      if (!is_wanted) return {};
    } else if (key != "json" && key != "choice") {
      return json::unknown_key(key, "structured_outputs.", {"json", "json_object", "choice"});
    }
    if (format) return fail_field(place, "structured_outputs takes one of json, json_object and choice");
    if (key == "json_object") {
      format = protocol::JsonObject{};
    } else if (key == "json") {
      TROUPE_TRY(format, read_schema(field, place));
    } else {
      TROUPE_TRY(format, read_choice(field));
    }
    return {};
  }));
  if (!format) return fail_field("structured_outputs", "structured_outputs must have json, json_object or choice");
  return *std::move(format);
}

}  // namespace troupe::gateway
