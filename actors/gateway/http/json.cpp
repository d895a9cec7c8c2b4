#include "actors/gateway/http/json.hpp"

#include "actors/gateway/http/json_reader.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {

JsonParser::JsonParser() : parser_(std::make_unique<simdjson::dom::parser>()) {}
JsonParser::~JsonParser() = default;
JsonParser::JsonParser(JsonParser&&) noexcept = default;

namespace json {
namespace {

constexpr size_t text_bytes_shown = 60;
/// simdjson takes 64 bits of depth; nothing we read is nested deeper than this.
constexpr size_t depth_max = 64;

std::string quoted(std::string_view text) {
  std::string out;
  observe::append_json_string(out, text, text_bytes_shown);
  return out;
}

tl::unexpected<Error> wrong(std::string_view field, std::string_view wanted, Element found) {
  return fail_field(std::string(field), "{} must be {}, found {}", field, wanted, describe(found));
}

}  // namespace

Result<Object> parse_object(JsonParser& parser, std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return fail(Errc::invalid_argument, "the body is empty; a JSON object is wanted");
  }
  simdjson::dom::parser& simd = parser.get();
  if (simd.max_depth() != depth_max) {
    if (const auto error = simd.allocate(simd.capacity(), depth_max)) {
      return fail(Errc::resource_exhausted, "no memory to read JSON: {}", simdjson::error_message(error));
    }
  }
  Element document;
  if (const auto error = simd.parse(body.data(), body.size()).get(document)) {
    return fail(Errc::invalid_argument, "the body is not valid JSON: {}", simdjson::error_message(error));
  }
  Object object;
  if (document.get(object)) {
    return fail(Errc::invalid_argument, "the body must be a JSON object, found {}", describe(document));
  }
  return object;
}

std::string describe(Element element) {
  switch (element.type()) {
    case simdjson::dom::element_type::ARRAY:
      return "a list";
    case simdjson::dom::element_type::OBJECT:
      return "an object";
    case simdjson::dom::element_type::INT64:
      return fmt::format("the number {}", int64_t{element});
    case simdjson::dom::element_type::UINT64:
      return fmt::format("the number {}", uint64_t{element});
    case simdjson::dom::element_type::DOUBLE:
      return fmt::format("the number {}", double{element});
    case simdjson::dom::element_type::STRING:
      return "the string " + quoted(std::string_view(element));
    case simdjson::dom::element_type::BOOL:
      return bool{element} ? "true" : "false";
    case simdjson::dom::element_type::NULL_VALUE:
      return "null";
  }
  return "something else";
}

Result<std::string_view> as_string(Element element, std::string_view field) {
  std::string_view value;
  if (element.get(value)) return wrong(field, "a string", element);
  return value;
}

Result<bool> as_bool(Element element, std::string_view field) {
  bool value = false;
  if (element.get(value)) return wrong(field, "true or false", element);
  return value;
}

Result<Object> as_object(Element element, std::string_view field) {
  Object value;
  if (element.get(value)) return wrong(field, "an object", element);
  return value;
}

Result<Array> as_array(Element element, std::string_view field) {
  Array value;
  if (element.get(value)) return wrong(field, "a list", element);
  return value;
}

Result<double> as_number(Element element, std::string_view field, std::string_view wanted) {
  double value = 0;
  if (element.get(value)) return wrong(field, wanted, element);
  return value;
}

Result<int64_t> as_integer(Element element, std::string_view field, int64_t least, int64_t most) {
  int64_t value = 0;
  if (!element.get(value) && value >= least && value <= most) return value;
  return wrong(field, fmt::format("an integer from {} to {}", least, most), element);
}

tl::unexpected<Error> unknown_key(std::string_view key, std::string_view prefix, std::vector<std::string> known) {
  const std::string shown = observe::sanitize(key, text_bytes_shown);
  return fail_field(fmt::format("{}{}", prefix, shown), "there is no parameter {}{}{}", prefix, shown,
                    did_you_mean(shown, known));
}

tl::unexpected<Error> duplicate_key(std::string_view key, std::string_view prefix) {
  const std::string shown = observe::sanitize(key, text_bytes_shown);
  return fail_field(fmt::format("{}{}", prefix, shown), "{}{} stands there twice", prefix, shown);
}

tl::unexpected<Error> unsupported(std::string field, std::string_view why) {
  std::string message = fmt::format("{} {}", field, why);
  return fail(Error{Errc::unimplemented, std::move(message), std::move(field), {}});
}

}  // namespace json
}  // namespace troupe::gateway
