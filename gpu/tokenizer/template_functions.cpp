#include "gpu/tokenizer/template_functions.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::gpu::jinja {
namespace {

using Arguments = std::span<const Value>;

tl::unexpected<Error> wrong_type(std::string_view what, const Value& value, std::string_view expected) {
  return fail(Errc::invalid_argument, "{} needs {}, found {}", what, expected, value.kind());
}

Status check_count(std::string_view what, Arguments arguments, size_t least, size_t most) {
  if (arguments.size() >= least && arguments.size() <= most) return {};
  return fail(Errc::invalid_argument, "{} takes {} to {} arguments, found {}", what, least, most, arguments.size());
}

Result<std::string_view> text_argument(std::string_view what, Arguments arguments, size_t index) {
  const std::string* text = arguments[index].text();
  if (text == nullptr) return wrong_type(what, arguments[index], "a string argument");
  return *text;
}

/// Letters outside ASCII would need Unicode's case tables; a wrong answer would be worse than none.
Result<Value> change_case(std::string text, bool upper, Budget& budget) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      return fail(Errc::invalid_argument, "{} is supported for ASCII text only", upper ? "upper" : "lower");
    }
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return make_text(std::move(text), budget);
}

void write_json_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    static constexpr std::string_view escaped = "\"\\\n\r\t\b\f";
    static constexpr std::string_view letters = "\"\\nrtbf";
    if (const size_t which = escaped.find(c); which != std::string_view::npos) {
      out += '\\';
      out += letters[which];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

/// As Python's json.dumps(value, ensure_ascii=False).
Status write_json(const Value& value, std::string& out, Budget& budget) {
  TROUPE_CHECK(budget.step());
  if (const std::string* text = value.text()) {
    TROUPE_CHECK(budget.bytes(text->size()));
    write_json_string(*text, out);
  } else if (const bool* boolean = value.boolean()) {
    out += *boolean ? "true" : "false";
  } else if (value.integer() != nullptr) {
    out += std::to_string(*value.integer());
  } else if (value.is_none()) {
    out += "null";
  } else if (const auto* list = value.list()) {
    out += '[';
    for (size_t i = 0; i < list->size(); ++i) {
      if (i > 0) out += ", ";
      TROUPE_CHECK(write_json((*list)[i], out, budget));
    }
    out += ']';
  } else if (value.object() != nullptr && value.name_space() == nullptr) {
    out += '{';
    for (size_t i = 0; i < value.object()->size(); ++i) {
      const auto& [name, field] = (*value.object())[i];
      if (i > 0) out += ", ";
      write_json_string(name, out);
      out += ": ";
      TROUPE_CHECK(write_json(field, out, budget));
    }
    out += '}';
  } else {
    return wrong_type("tojson", value, "a JSON value");
  }
  return {};
}

Result<Value> join(const Value& input, std::string_view separator, Budget& budget) {
  TROUPE_TRY(const std::vector<Value> items, iterate(input, budget));
  std::string joined;
  for (size_t i = 0; i < items.size(); ++i) {
    TROUPE_TRY(const std::string text, to_text(items[i]));
    TROUPE_CHECK(budget.bytes(text.size() + separator.size()));
    if (i > 0) joined += separator;
    joined += text;
  }
  return Value(std::move(joined));
}

Result<Value> length(const Value& value, Budget& budget) {
  const auto count = [](size_t n) { return Value(static_cast<int64_t>(n)); };
  if (value.is_undefined()) return count(0);
  if (const auto* list = value.list()) return count(list->size());
  if (const std::string* text = value.text()) {
    TROUPE_CHECK(budget.bytes(text->size()));
    return count(characters(*text).size());
  }
  if (value.object() != nullptr && value.name_space() == nullptr) return count(value.object()->size());
  return wrong_type("length", value, "a string, list or mapping");
}

/// Without a separator, as Python: at runs of white space, with no empty parts.
Result<Value> split_words(std::string_view text, Budget& budget) {
  TROUPE_CHECK(budget.bytes(text.size()));
  std::vector<Value> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) words.emplace_back(std::exchange(word, {}));
  };
  for (const std::string_view character : characters(text)) {
    if (strip(character, true, false).empty()) {
      finish();
    } else {
      word += character;
    }
  }
  finish();
  return make_list(std::move(words), budget);
}

Result<Value> split(std::string_view text, Arguments arguments, Budget& budget) {
  if (arguments.empty() || arguments[0].is_none()) return split_words(text, budget);
  std::vector<Value> parts;
  TROUPE_TRY(const std::string_view separator, text_argument("split", arguments, 0));
  if (separator.empty()) return fail(Errc::invalid_argument, "split needs a separator that is not empty");
  TROUPE_CHECK(budget.bytes(text.size()));
  for (size_t at = 0;;) {
    const size_t end = text.find(separator, at);
    parts.emplace_back(std::string(text.substr(at, end - at)));
    if (end == std::string_view::npos) break;
    at = end + separator.size();
  }
  return make_list(std::move(parts), budget);
}

Result<Value> replace(std::string_view text, Arguments arguments, Budget& budget) {
  TROUPE_TRY(const std::string_view old, text_argument("replace", arguments, 0));
  TROUPE_TRY(const std::string_view now, text_argument("replace", arguments, 1));
  if (old.empty()) return fail(Errc::invalid_argument, "replace needs a text to look for that is not empty");
  TROUPE_CHECK(budget.bytes(text.size()));
  std::string result;
  for (size_t at = 0;;) {
    const size_t end = text.find(old, at);
    result += text.substr(at, end - at);
    if (end == std::string_view::npos) return make_text(std::move(result), budget);
    TROUPE_CHECK(budget.bytes(now.size()));
    result += now;
    at = end + old.size();
  }
}

Result<Value> call_text_method(std::string_view text, std::string_view name, Arguments arguments, Budget& budget) {
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    TROUPE_CHECK(check_count(name, arguments, 0, 1));
    std::string_view set;
    if (!arguments.empty() && !arguments[0].is_none()) {
      TROUPE_TRY(set, text_argument(name, arguments, 0));
      if (set.empty()) return make_text(std::string(text), budget);
    }
    return make_text(std::string(strip(text, name != "rstrip", name != "lstrip", set)), budget);
  }
  if (name == "startswith" || name == "endswith") {
    TROUPE_CHECK(check_count(name, arguments, 1, 1));
    TROUPE_TRY(const std::string_view affix, text_argument(name, arguments, 0));
    return Value(name == "startswith" ? text.starts_with(affix) : text.ends_with(affix));
  }
  if (name == "split") {
    TROUPE_CHECK(check_count(name, arguments, 0, 1));
    return split(text, arguments, budget);
  }
  if (name == "replace") {
    TROUPE_CHECK(check_count(name, arguments, 2, 2));
    return replace(text, arguments, budget);
  }
  if (name == "upper" || name == "lower") {
    TROUPE_CHECK(check_count(name, arguments, 0, 0));
    return change_case(std::string(text), name == "upper", budget);
  }
  return fail(Errc::invalid_argument, "unknown method \"{}\" of a string", name);
}

struct NamedFilter {
  std::string_view name;
  size_t most_arguments;
  Result<Value> (*apply)(const Value& input, Arguments arguments, Budget& budget);
};

Result<Value> filter_trim(const Value& input, Arguments arguments, Budget& budget) {
  TROUPE_TRY(std::string text, to_text(input));
  return call_text_method(text, "strip", arguments, budget);
}
template <bool upper>
Result<Value> filter_case(const Value& input, Arguments, Budget& budget) {
  TROUPE_TRY(std::string text, to_text(input));
  return change_case(std::move(text), upper, budget);
}
Result<Value> filter_length(const Value& input, Arguments, Budget& budget) {
  return length(input, budget);
}
Result<Value> filter_tojson(const Value& input, Arguments, Budget& budget) {
  std::string json;
  TROUPE_CHECK(write_json(input, json, budget));
  return make_text(std::move(json), budget);
}
/// default(value, true) also replaces what is false.
Result<Value> filter_default(const Value& input, Arguments arguments, Budget&) {
  const bool use_default = input.is_undefined() || (arguments.size() == 2 && arguments[1].truth() && !input.truth());
  if (!use_default) return input;
  return arguments.empty() ? Value(std::string()) : arguments[0];
}
template <bool last>
Result<Value> filter_end(const Value& input, Arguments, Budget& budget) {
  TROUPE_TRY(const std::vector<Value> items, iterate(input, budget));
  if (items.empty()) return Value();
  return last ? items.back() : items.front();
}
Result<Value> filter_join(const Value& input, Arguments arguments, Budget& budget) {
  if (arguments.empty()) return join(input, "", budget);
  TROUPE_TRY(const std::string_view separator, text_argument("join", arguments, 0));
  return join(input, separator, budget);
}

constexpr std::array<NamedFilter, 10> filters = {{{"trim", 1, filter_trim},
                                                  {"length", 0, filter_length},
                                                  {"count", 0, filter_length},
                                                  {"upper", 0, filter_case<true>},
                                                  {"lower", 0, filter_case<false>},
                                                  {"tojson", 0, filter_tojson},
                                                  {"default", 2, filter_default},
                                                  {"first", 0, filter_end<false>},
                                                  {"last", 0, filter_end<true>},
                                                  {"join", 1, filter_join}}};

struct NamedTest {
  std::string_view name;
  bool (*apply)(const Value& value);
};

constexpr std::array<NamedTest, 11> tests = {{
    {"defined", [](const Value& v) { return !v.is_undefined(); }},
    {"undefined", [](const Value& v) { return v.is_undefined(); }},
    {"none", [](const Value& v) { return v.is_none(); }},
    {"string", [](const Value& v) { return v.text() != nullptr; }},
    {"mapping", [](const Value& v) { return v.object() != nullptr && v.name_space() == nullptr; }},
    {"boolean", [](const Value& v) { return v.boolean() != nullptr; }},
    {"integer", [](const Value& v) { return v.integer() != nullptr; }},
    {"number", [](const Value& v) { return as_integer(v).has_value(); }},
    {"true", [](const Value& v) { return v.boolean() != nullptr && *v.boolean(); }},
    {"false", [](const Value& v) { return v.boolean() != nullptr && !*v.boolean(); }},
    {"iterable",
     [](const Value& v) {
       return v.is_undefined() || v.text() != nullptr || v.list() != nullptr ||
              (v.object() != nullptr && v.name_space() == nullptr);
     }},
}};

template <class Table>
auto find_named(const Table& table, std::string_view name) {
  return std::find_if(table.begin(), table.end(), [&](const auto& entry) { return entry.name == name; });
}
template <class Table>
std::string names_of(const Table& table) {
  std::vector<std::string_view> names;
  for (const auto& entry : table) names.push_back(entry.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

bool is_filter(std::string_view name) {
  return find_named(filters, name) != filters.end();
}
bool is_test(std::string_view name) {
  return find_named(tests, name) != tests.end();
}
std::string filter_names() {
  return names_of(filters);
}
std::string test_names() {
  return names_of(tests);
}

Result<Value> apply_filter(std::string_view name, const Value& input, Arguments arguments, Budget& budget) {
  const auto filter = find_named(filters, name);
  TROUPE_CHECK(check_count(name, arguments, 0, filter->most_arguments));
  return filter->apply(input, arguments, budget);
}

bool apply_test(std::string_view name, const Value& input) {
  return find_named(tests, name)->apply(input);
}

Result<Value> call_method(const Value& object, std::string_view name, Arguments arguments, Budget& budget) {
  if (const std::string* text = object.text()) return call_text_method(*text, name, arguments, budget);
  if (object.object() != nullptr && object.name_space() == nullptr && name == "get") {
    TROUPE_CHECK(check_count(name, arguments, 1, 2));
    TROUPE_TRY(const std::string_view key, text_argument(name, arguments, 0));
    if (const Value* field = find_field(*object.object(), key)) return *field;
    return arguments.size() == 2 ? arguments[1] : Value::none();
  }
  return fail(Errc::invalid_argument, "unknown method \"{}\" of a value that is {}", name, object.kind());
}

Result<Value> make_range(Arguments arguments, Budget& budget) {
  TROUPE_CHECK(check_count("range", arguments, 1, 3));
  std::array<int64_t, 3> given{};
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto number = as_integer(arguments[i]);
    if (!number) return wrong_type("range", arguments[i], "integers");
    given[i] = *number;
  }
  const int64_t begin = arguments.size() == 1 ? 0 : given[0];
  const int64_t end = arguments.size() == 1 ? given[0] : given[1];
  const int64_t step = arguments.size() == 3 ? given[2] : 1;
  if (step == 0) return fail(Errc::invalid_argument, "range needs a step that is not 0");
  std::vector<Value> items;
  for (int64_t at = begin; step > 0 ? at < end : at > end;) {
    TROUPE_CHECK(budget.step());
    items.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return make_list(std::move(items), budget);
}

}  // namespace troupe::gpu::jinja
