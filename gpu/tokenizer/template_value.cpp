#include "gpu/tokenizer/template_value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "gpu/tokenizer/utf8.hpp"

namespace troupe::gpu::jinja {
namespace {

/// Of lists and objects inside each other.
constexpr int max_value_depth = 100;

Result<int> depth_with(const Value& inner, std::string_view outer, int depth) {
  if (inner.name_space() != nullptr) return fail(Errc::invalid_argument, "a namespace cannot be in a {}", outer);
  depth = std::max(depth, inner.depth());
  if (depth < max_value_depth) return depth;
  return fail(Errc::invalid_argument, "values are nested more than {} levels deep", max_value_depth);
}

/// Python's str.isspace().
bool is_space(std::string_view character) {
  if (character.size() == 1) {
    const char c = character.front();
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1c' && c <= '\x1f');
  }
  static constexpr std::array<std::string_view, 19> wide = {
      "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
      "\u2007", "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
  return std::find(wide.begin(), wide.end(), character) != wide.end();
}

}  // namespace

Status Budget::step() {
  if (++steps_ > max_steps) return fail(Errc::too_large, "the chat template takes more than {} steps", max_steps);
  return {};
}

Status Budget::bytes(size_t count) {
  bytes_ += count;
  if (bytes_ > max_bytes) return fail(Errc::too_large, "the chat template handles more than {} bytes", max_bytes);
  return {};
}

Value Value::object(Object object) {
  int depth = 0;
  for (const auto& [name, value] : object) depth = std::max(depth, value.depth());
  return Value(Data(std::make_shared<const Mapping>(Mapping{std::move(object), depth + 1})));
}

Value Value::name_space(Object fields) {
  return Value(Data(std::make_shared<Namespace>(Namespace{std::move(fields)})));
}

const std::vector<Value>* Value::list() const {
  const List* list = pointee<List>();
  return list == nullptr ? nullptr : &list->items;
}

const Value::Object* Value::object() const {
  if (const Namespace* space = name_space()) return &space->fields;
  const Mapping* mapping = pointee<Mapping>();
  return mapping == nullptr ? nullptr : &mapping->fields;
}

Value::Namespace* Value::name_space() const {
  const auto* held = std::get_if<std::shared_ptr<Namespace>>(&data_);
  return held == nullptr ? nullptr : held->get();
}

int Value::depth() const {
  if (const List* list = pointee<List>()) return list->depth;
  const Mapping* mapping = pointee<Mapping>();
  return mapping == nullptr ? 0 : mapping->depth;
}

bool Value::truth() const {
  if (const bool* value = boolean()) return *value;
  if (const int64_t* value = integer()) return *value != 0;
  if (const double* value = number()) return *value != 0;
  if (const std::string* value = text()) return !value->empty();
  if (const auto* value = list()) return !value->empty();
  if (name_space() != nullptr) return true;
  if (const Object* value = object()) return !value->empty();
  return false;
}

std::string_view Value::kind() const {
  static constexpr std::array<std::string_view, std::variant_size_v<Data>> names = {
      "undefined", "none", "boolean", "integer", "float", "string", "list", "mapping", "namespace"};
  return names[data_.index()];
}

Result<Value> make_list(std::vector<Value> items, Budget& budget) {
  TROUPE_CHECK(budget.bytes(items.size() * sizeof(Value)));
  int depth = 0;
  for (const Value& item : items) {
    TROUPE_TRY(depth, depth_with(item, "list", depth));
  }
  return Value(Value::Data(std::make_shared<const Value::List>(Value::List{std::move(items), depth + 1})));
}

Result<Value> make_object(Value::Object fields, Budget& budget) {
  int depth = 0;
  for (const auto& [name, value] : fields) {
    TROUPE_CHECK(budget.bytes(name.size() + sizeof(Value)));
    TROUPE_TRY(depth, depth_with(value, "mapping", depth));
  }
  return Value::object(std::move(fields));
}

Result<Value> make_text(std::string text, Budget& budget) {
  TROUPE_CHECK(budget.bytes(text.size()));
  return Value(std::move(text));
}

const Value* find_field(const Value::Object& object, std::string_view name) {
  const auto found = std::find_if(object.begin(), object.end(), [&](const auto& field) { return field.first == name; });
  return found == object.end() ? nullptr : &found->second;
}

std::optional<int64_t> as_integer(const Value& value) {
  if (const bool* boolean = value.boolean()) return *boolean ? 1 : 0;
  if (const int64_t* integer = value.integer()) return *integer;
  return std::nullopt;
}

std::string python_number(double number) {
  std::array<char, 32> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific).ptr;
  const std::string_view shortest(buffer.data(), static_cast<size_t>(end - buffer.data()));
  const size_t mark = shortest.find('e');
  int exponent = 0;
  const std::string_view digits = shortest.substr(mark + 1);
  std::from_chars(digits.data() + (digits.front() == '+' ? 1 : 0), digits.data() + digits.size(), exponent);
  if (exponent < -4 || exponent >= 16) return std::string(shortest);
  const int behind_point = std::max(0, static_cast<int>(mark) - 2 - static_cast<int>(std::signbit(number)));
  const std::string fixed = fmt::format("{:.{}f}", number, std::max(0, behind_point - exponent));
  return fixed.find('.') == std::string::npos ? fixed + ".0" : fixed;
}

Result<std::string> to_text(const Value& value) {
  if (const std::string* text = value.text()) return *text;
  if (const bool* boolean = value.boolean()) return *boolean ? "True" : "False";
  if (const int64_t* integer = value.integer()) return std::to_string(*integer);
  if (const double* number = value.number()) return python_number(*number);
  if (value.is_none()) return "None";
  if (value.is_undefined()) return "";
  return fail(Errc::invalid_argument, "a {} cannot be written as text; use tojson", value.kind());
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    result.push_back(text.substr(0, utf8_step(text).length));
    text.remove_prefix(result.back().size());
  }
  return result;
}

std::string_view strip(std::string_view text, bool left, bool right, std::string_view set) {
  const std::vector<std::string_view> stripped = characters(set);
  const auto goes = [&](std::string_view character) {
    return set.empty() ? is_space(character) : std::find(stripped.begin(), stripped.end(), character) != stripped.end();
  };
  while (left && !text.empty()) {
    const size_t length = utf8_step(text).length;
    if (!goes(text.substr(0, length))) break;
    text.remove_prefix(length);
  }
  while (right && !text.empty()) {
    // A character's first byte is the last one that is no continuation byte.
    size_t begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    if (!goes(text.substr(begin))) break;
    text.remove_suffix(text.size() - begin);
  }
  return text;
}

}  // namespace troupe::gpu::jinja
