// Filters and tests of chat templates.

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "gpu/tokenizer/template_functions.hpp"
#include "gpu/tokenizer/template_json.hpp"

namespace troupe::gpu::jinja {
namespace {

struct Arguments {
  std::span<const Value> positional;
  std::span<const NamedValue> named;

  size_t size() const { return positional.size(); }
  const Value& operator[](size_t index) const { return positional[index]; }
  /// Undefined where neither is given.
  Value find(size_t index, std::string_view name) const {
    if (index < positional.size()) return positional[index];
    const auto found = std::ranges::find(named, name, &NamedValue::first);
    return found == named.end() ? Value() : found->second;
  }
};

struct NamedFilter {
  std::string_view name;
  size_t most_arguments;
  Result<Value> (*apply)(const Value& input, const Arguments& arguments, Budget& budget);
  std::array<std::string_view, 4> by_name = {};  ///< Arguments that may be given so.
};

struct NamedTest {
  std::string_view name;
  Result<bool> (*apply)(const Value& value, const Value& argument, Budget& budget);
  bool takes_argument = false;
};

tl::unexpected<Error> needs(std::string_view what, std::string_view expected, const Value& value) {
  return fail(Errc::invalid_argument, "{} needs {}, found {}", what, expected, value.kind());
}

template <class Table>
auto find_named(const Table& table, std::string_view name) {
  return std::ranges::find_if(table, [&](const auto& entry) { return entry.name == name; });
}
template <class Table>
std::string names_of(const Table& table) {
  std::vector<std::string_view> names;
  for (const auto& entry : table) names.push_back(entry.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// Tests.

template <bool (*holds)(const Value&)>
Result<bool> simple(const Value& value, const Value&, Budget&) {
  return holds(value);
}
template <bool (*holds)(const Value&)>
constexpr NamedTest simple_test(std::string_view name) {
  return {name, simple<holds>};
}

bool is_defined(const Value& v) {
  return !v.is_undefined();
}
bool is_undefined(const Value& v) {
  return v.is_undefined();
}
bool is_none(const Value& v) {
  return v.is_none();
}
bool is_string(const Value& v) {
  return v.text() != nullptr;
}
bool is_mapping(const Value& v) {
  return v.mapping() != nullptr;
}
bool is_boolean(const Value& v) {
  return v.boolean() != nullptr;
}
bool is_integer(const Value& v) {
  return v.integer() != nullptr;
}
bool is_float(const Value& v) {
  return v.number() != nullptr;
}
bool is_number(const Value& v) {
  return as_integer(v).has_value() || v.number() != nullptr;
}
bool is_true(const Value& v) {
  return v.boolean() != nullptr && *v.boolean();
}
bool is_false(const Value& v) {
  return v.boolean() != nullptr && !*v.boolean();
}
bool is_iterable(const Value& v) {
  return v.is_undefined() || v.text() != nullptr || v.list() != nullptr || v.mapping() != nullptr;
}
bool is_sequence(const Value& v) {
  return is_iterable(v);
}

Result<bool> test_equal(const Value& value, const Value& argument, Budget& budget) {
  return compare("==", value, argument, budget);
}
Result<bool> test_unequal(const Value& value, const Value& argument, Budget& budget) {
  return compare("!=", value, argument, budget);
}
Result<bool> test_in(const Value& value, const Value& argument, Budget& budget) {
  return compare("in", value, argument, budget);
}

constexpr std::array<NamedTest, 18> tests = {{simple_test<is_defined>("defined"),
                                              simple_test<is_undefined>("undefined"),
                                              simple_test<is_none>("none"),
                                              simple_test<is_string>("string"),
                                              simple_test<is_mapping>("mapping"),
                                              simple_test<is_boolean>("boolean"),
                                              simple_test<is_integer>("integer"),
                                              simple_test<is_float>("float"),
                                              simple_test<is_number>("number"),
                                              simple_test<is_true>("true"),
                                              simple_test<is_false>("false"),
                                              simple_test<is_iterable>("iterable"),
                                              simple_test<is_sequence>("sequence"),
                                              {"equalto", test_equal, true},
                                              {"eq", test_equal, true},
                                              {"ne", test_unequal, true},
                                              {"in", test_in, true},
                                              {"==", test_equal, true}}};

// Filters.

Result<Value> filter_trim(const Value& input, const Arguments& arguments, Budget& budget) {
  TROUPE_TRY(std::string text, to_text(input));
  return call_method(Value(std::move(text)), "strip", arguments.positional, budget);
}
template <bool upper>
Result<Value> filter_case(const Value& input, const Arguments&, Budget& budget) {
  TROUPE_TRY(std::string text, to_text(input));
  return call_method(Value(std::move(text)), upper ? "upper" : "lower", {}, budget);
}
Result<Value> filter_string(const Value& input, const Arguments&, Budget& budget) {
  TROUPE_TRY(std::string text, to_text(input));
  return make_text(std::move(text), budget);
}
Result<Value> filter_replace(const Value& input, const Arguments& arguments, Budget& budget) {
  TROUPE_TRY(std::string text, to_text(input));
  return call_method(Value(std::move(text)), "replace", arguments.positional, budget);
}

Result<Value> filter_length(const Value& input, const Arguments&, Budget& budget) {
  const auto count = [](size_t n) { return Value(static_cast<int64_t>(n)); };
  if (input.is_undefined()) return count(0);
  if (const auto* list = input.list()) return count(list->size());
  if (const auto* object = input.mapping()) return count(object->size());
  if (input.text() == nullptr) return needs("length", "a string, list or mapping", input);
  TROUPE_CHECK(budget.bytes(input.text()->size()));
  return count(characters(*input.text()).size());
}

Result<std::pair<std::string, std::string>> separators_of(const Value& value) {
  const auto* pair = value.list();
  if (pair == nullptr || pair->size() != 2 || (*pair)[0].text() == nullptr || (*pair)[1].text() == nullptr) {
    return needs("separators=", "a pair of strings", value);
  }
  return std::pair(*(*pair)[0].text(), *(*pair)[1].text());
}

Result<Value> filter_tojson(const Value& input, const Arguments& arguments, Budget& budget) {
  JsonStyle style;
  style.ensure_ascii = arguments.find(0, "ensure_ascii").truth();
  style.sort_keys = arguments.find(3, "sort_keys").truth();
  if (const Value indent = arguments.find(1, "indent"); !indent.is_undefined() && !indent.is_none()) {
    style.indent = as_integer(indent);
    if (!style.indent) return needs("indent=", "an integer", indent);
  }
  style.item_separator = style.indent ? "," : ", ";
  if (const Value separators = arguments.find(2, "separators"); !separators.is_undefined() && !separators.is_none()) {
    TROUPE_TRY(std::tie(style.item_separator, style.key_separator), separators_of(separators));
  }
  TROUPE_TRY(std::string json, write_json(input, style, budget));
  return make_text(std::move(json), budget);
}

/// default(value, true) also replaces what is false.
Result<Value> filter_default(const Value& input, const Arguments& arguments, Budget&) {
  const bool use_default = input.is_undefined() || (arguments.size() == 2 && arguments[1].truth() && !input.truth());
  if (!use_default) return input;
  return arguments.size() == 0 ? Value(std::string()) : arguments[0];
}

template <bool last>
Result<Value> filter_end(const Value& input, const Arguments&, Budget& budget) {
  TROUPE_TRY(const std::vector<Value> items, iterate(input, budget));
  if (items.empty()) return Value();
  return last ? items.back() : items.front();
}

Result<Value> filter_join(const Value& input, const Arguments& arguments, Budget& budget) {
  if (arguments.size() > 0 && arguments[0].text() == nullptr) return needs("join", "a string argument", arguments[0]);
  const std::string separator = arguments.size() == 0 ? "" : *arguments[0].text();
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

Result<Value> filter_list(const Value& input, const Arguments&, Budget& budget) {
  TROUPE_TRY(std::vector<Value> items, iterate(input, budget));
  return make_list(std::move(items), budget);
}

Result<Value> filter_items(const Value& input, const Arguments&, Budget& budget) {
  if (input.is_undefined()) return make_list({}, budget);
  if (input.mapping() == nullptr) return needs("items", "a mapping", input);
  return make_pairs(*input.mapping(), budget);
}

/// By their keys, large and small letters alike.
Result<Value> filter_dictsort(const Value& input, const Arguments&, Budget& budget) {
  if (input.mapping() == nullptr) return needs("dictsort", "a mapping", input);
  std::vector<std::pair<std::string, const NamedValue*>> sorted;
  for (const NamedValue& field : *input.mapping()) {
    TROUPE_TRY(const Value key, call_method(Value(field.first), "lower", {}, budget));
    sorted.emplace_back(*key.text(), &field);
  }
  std::ranges::stable_sort(sorted, {}, [](const auto& one) -> const std::string& { return one.first; });
  Value::Object fields;
  for (const auto& [key, field] : sorted) fields.push_back(*field);
  return make_pairs(fields, budget);
}

/// "a.b" of an item.
Result<Value> attribute_of(const Value& item, const std::string& path, Budget& budget) {
  Value value = item;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    TROUPE_TRY(value, subscript(value, Value(path.substr(begin, end - begin)), budget));
    begin = end + 1;
  }
  return value;
}

Result<std::string> name_argument(std::string_view what, const Value& value) {
  if (value.text() != nullptr) return *value.text();
  return needs(what, "a name as argument", value);
}

/// select, reject, selectattr, rejectattr: the items whose value, or attribute, is true or passes the named test.
template <bool by_attribute, bool wanted>
Result<Value> filter_select(const Value& input, const Arguments& arguments, Budget& budget) {
  constexpr size_t at = by_attribute ? 1 : 0;
  std::string attribute;
  if (by_attribute) {
    if (arguments.size() == 0) return fail(Errc::invalid_argument, "selectattr needs the name of an attribute");
    TROUPE_TRY(attribute, name_argument("selectattr", arguments[0]));
  }
  std::string test;
  if (arguments.size() > at) {
    TROUPE_TRY(test, name_argument("select", arguments[at]));
    if (!is_test(test)) return fail(Errc::invalid_argument, "there is no test \"{}\" ({})", test, test_names());
  }
  const Value argument = arguments.size() > at + 1 ? arguments[at + 1] : Value();
  TROUPE_TRY(const std::vector<Value> items, iterate(input, budget));
  std::vector<Value> kept;
  for (const Value& item : items) {
    TROUPE_CHECK(budget.step());
    Value value = item;
    if (by_attribute) {
      TROUPE_TRY(value, attribute_of(item, attribute, budget));
    }
    TROUPE_TRY(const bool passes,
               test.empty() ? Result<bool>(value.truth()) : apply_test(test, value, argument, budget));
    if (passes == wanted) kept.push_back(item);
  }
  return make_list(std::move(kept), budget);
}

/// map(attribute="role"), map("trim")
Result<Value> filter_map(const Value& input, const Arguments& arguments, Budget& budget) {
  const Value attribute = arguments.find(arguments.size(), "attribute");
  if (attribute.is_undefined() == (arguments.size() == 0)) {
    return fail(Errc::invalid_argument, "map needs attribute= or the name of a filter");
  }
  TROUPE_TRY(const std::string name, name_argument("map", attribute.is_undefined() ? arguments[0] : attribute));
  if (attribute.is_undefined() && !is_filter(name)) {
    return fail(Errc::invalid_argument, "there is no filter \"{}\" ({})", name, filter_names());
  }
  TROUPE_TRY(std::vector<Value> items, iterate(input, budget));
  for (Value& item : items) {
    TROUPE_CHECK(budget.step());
    if (attribute.is_undefined()) {
      TROUPE_TRY(item, apply_filter(name, item, arguments.positional.subspan(1), {}, budget));
    } else {
      TROUPE_TRY(item, attribute_of(item, name, budget));
    }
  }
  return make_list(std::move(items), budget);
}

constexpr std::array<NamedFilter, 20> filters = {
    {{"trim", 1, filter_trim},
     {"length", 0, filter_length},
     {"count", 0, filter_length},
     {"upper", 0, filter_case<true>},
     {"lower", 0, filter_case<false>},
     {"tojson", 4, filter_tojson, {"ensure_ascii", "indent", "separators", "sort_keys"}},
     {"default", 2, filter_default},
     {"first", 0, filter_end<false>},
     {"last", 0, filter_end<true>},
     {"join", 1, filter_join},
     {"string", 0, filter_string},
     {"replace", 2, filter_replace},
     {"list", 0, filter_list},
     {"items", 0, filter_items},
     {"dictsort", 0, filter_dictsort},
     {"select", 2, filter_select<false, true>},
     {"reject", 2, filter_select<false, false>},
     {"selectattr", 3, filter_select<true, true>},
     {"rejectattr", 3, filter_select<true, false>},
     {"map", 3, filter_map, {"attribute"}}}};

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
bool takes_argument(std::string_view filter, std::string_view argument) {
  const auto& names = find_named(filters, filter)->by_name;
  return std::ranges::find(names, argument) != names.end();
}
bool takes_argument(std::string_view test) {
  return find_named(tests, test)->takes_argument;
}

Result<Value> apply_filter(std::string_view name, const Value& input, std::span<const Value> arguments,
                           std::span<const NamedValue> named, Budget& budget) {
  const auto filter = find_named(filters, name);
  if (arguments.size() > filter->most_arguments) {
    return fail(Errc::invalid_argument, "{} takes {} arguments at most, found {}", name, filter->most_arguments,
                arguments.size());
  }
  return filter->apply(input, {arguments, named}, budget);
}

Result<bool> apply_test(std::string_view name, const Value& input, const Value& argument, Budget& budget) {
  return find_named(tests, name)->apply(input, argument, budget);
}

}  // namespace troupe::gpu::jinja
