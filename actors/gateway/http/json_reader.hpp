#pragma once
// Reading of JSON values with errors that name the field and say what was found. Only for .cpp files: includes
// simdjson.

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "actors/gateway/http/json.hpp"

namespace troupe::gateway::json {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;
using Array = simdjson::dom::array;

/// The document, which must be an object. Valid until the parser's next document.
Result<Object> parse_object(JsonParser& parser, std::string_view body);

/// `the number 5`, `the string "abc"` (shortened), `null`, `a list`, `an object`.
std::string describe(Element element);

Result<std::string_view> as_string(Element element, std::string_view field);
Result<bool> as_bool(Element element, std::string_view field);
Result<Object> as_object(Element element, std::string_view field);
Result<Array> as_array(Element element, std::string_view field);
/// Integers are numbers too.
Result<double> as_number(Element element, std::string_view field, std::string_view wanted);
Result<int64_t> as_integer(Element element, std::string_view field, int64_t least, int64_t most);

/// Calls `handle(key, value)` for each field; refuses keys that come twice. `prefix` stands before the key in errors.
template <class Handle>
Status for_each_field(Object object, std::string_view prefix, Handle handle);

/// invalid_argument: no such key here, perhaps one of `known` was meant.
tl::unexpected<Error> unknown_key(std::string_view key, std::string_view prefix, std::vector<std::string> known);
/// unimplemented, with the field: the doors answer it as "unsupported_parameter".
tl::unexpected<Error> unsupported(std::string field, std::string_view why);

// --- Implementation ---

tl::unexpected<Error> duplicate_key(std::string_view key, std::string_view prefix);

template <class Handle>
Status for_each_field(Object object, std::string_view prefix, Handle handle) {
  std::vector<std::string_view> seen;
  for (const auto [key, value] : object) {
    for (std::string_view earlier : seen) {
      if (earlier == key) return duplicate_key(key, prefix);
    }
    constexpr size_t keys_max = 128;
    if (seen.size() == keys_max) return fail_field(std::string(prefix), "an object has more than {} keys", keys_max);
    seen.push_back(key);
    TROUPE_CHECK(handle(key, value));
  }
  return {};
}

}  // namespace troupe::gateway::json
