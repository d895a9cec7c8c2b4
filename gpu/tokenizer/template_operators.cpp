#include <algorithm>
#include <limits>

#include "gpu/tokenizer/template_functions.hpp"

namespace troupe::gpu::jinja {
namespace {

tl::unexpected<Error> cannot(std::string_view op, const Value& left, const Value& right) {
  return fail(Errc::invalid_argument, "\"{}\" cannot take {} and {}", op, left.kind(), right.kind());
}

Result<Value> apply_to_integers(char op, int64_t left, int64_t right) {
  int64_t result = 0;
  bool overflow = false;
  switch (op) {
    case '+':
      overflow = __builtin_add_overflow(left, right, &result);
      break;
    case '-':
      overflow = __builtin_sub_overflow(left, right, &result);
      break;
    case '*':
      overflow = __builtin_mul_overflow(left, right, &result);
      break;
    default:
      if (right == 0) return fail(Errc::invalid_argument, "\"%\" divides by zero");
      // By -1 the remainder is 0, and the machine's division would overflow for the smallest integer.
      result = right == -1 ? 0 : left % right;
      // Python's remainder has the sign of the divisor.
      if (result != 0 && (result < 0) != (right < 0)) result += right;
  }
  if (overflow) return fail(Errc::invalid_argument, "the result of \"{}\" does not fit into 64 bits", op);
  return Value(result);
}

std::optional<double> as_number(const Value& value) {
  if (value.number() != nullptr) return *value.number();
  const auto integer = as_integer(value);
  return integer ? std::optional(static_cast<double>(*integer)) : std::nullopt;
}

Result<bool> equal(const Value& left, const Value& right, Budget& budget);

Result<bool> equal_lists(const std::vector<Value>& left, const std::vector<Value>& right, Budget& budget) {
  if (left.size() != right.size()) return false;
  for (size_t i = 0; i < left.size(); ++i) {
    TROUPE_TRY(const bool same, equal(left[i], right[i], budget));
    if (!same) return false;
  }
  return true;
}

Result<bool> equal_objects(const Value::Object& left, const Value::Object& right, Budget& budget) {
  if (left.size() != right.size()) return false;
  TROUPE_CHECK(budget.bytes(left.size() * right.size()));
  for (const auto& [name, value] : left) {
    const Value* other = find_field(right, name);
    if (other == nullptr) return false;
    TROUPE_TRY(const bool same, equal(value, *other, budget));
    if (!same) return false;
  }
  return true;
}

Result<bool> equal(const Value& left, const Value& right, Budget& budget) {
  TROUPE_CHECK(budget.step());
  if (as_integer(left) && as_integer(right)) return *as_integer(left) == *as_integer(right);
  if (as_number(left) && as_number(right)) return *as_number(left) == *as_number(right);
  if (left.text() != nullptr && right.text() != nullptr) {
    if (left.text()->size() != right.text()->size()) return false;
    TROUPE_CHECK(budget.bytes(left.text()->size()));
    return *left.text() == *right.text();
  }
  if (left.name_space() != nullptr || right.name_space() != nullptr) return left.name_space() == right.name_space();
  if (left.list() != nullptr && right.list() != nullptr) return equal_lists(*left.list(), *right.list(), budget);
  if (left.object() != nullptr && right.object() != nullptr) {
    return equal_objects(*left.object(), *right.object(), budget);
  }
  return (left.is_none() && right.is_none()) || (left.is_undefined() && right.is_undefined());
}

Result<bool> contains(const Value& container, const Value& item, Budget& budget) {
  if (const std::string* text = container.text()) {
    if (item.text() == nullptr) return cannot("in", item, container);
    TROUPE_CHECK(budget.bytes(text->size()));
    return text->find(*item.text()) != std::string::npos;
  }
  if (const auto* list = container.list()) {
    for (const Value& candidate : *list) {
      TROUPE_TRY(const bool same, equal(candidate, item, budget));
      if (same) return true;
    }
    return false;
  }
  if (const auto* object = container.mapping()) {
    TROUPE_CHECK(budget.bytes(object->size()));
    return item.text() != nullptr && find_field(*object, *item.text()) != nullptr;
  }
  if (container.is_undefined()) return false;
  return cannot("in", item, container);
}

/// -1, 0 or 1.
Result<int> order(std::string_view op, const Value& left, const Value& right, Budget& budget) {
  if (as_integer(left) && as_integer(right)) {
    const int64_t a = *as_integer(left);
    const int64_t b = *as_integer(right);
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (as_number(left) && as_number(right)) {
    const double a = *as_number(left);
    const double b = *as_number(right);
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (left.text() == nullptr || right.text() == nullptr) return cannot(op, left, right);
  TROUPE_CHECK(budget.bytes(std::min(left.text()->size(), right.text()->size())));
  // UTF-8 sorts as its code points do.
  const int difference = left.text()->compare(*right.text());
  return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}

/// The indices that Python's [begin:end:step] takes out of `size` items.
Result<std::vector<size_t>> slice_indices(size_t size, const Value& begin, const Value& end, const Value& step) {
  const auto part = [](const Value& value, std::optional<int64_t>& out) {
    out = as_integer(value);
    return out || value.is_none() || value.is_undefined();
  };
  std::optional<int64_t> from;
  std::optional<int64_t> to;
  std::optional<int64_t> by;
  if (!part(begin, from) || !part(end, to) || !part(step, by)) {
    return fail(Errc::invalid_argument, "the parts of a slice must be integers");
  }
  // Steps past both ends all take one item.
  const auto count = static_cast<int64_t>(size);
  const int64_t stride = std::clamp<int64_t>(by.value_or(1), -count - 1, count + 1);
  if (stride == 0) return fail(Errc::invalid_argument, "the step of a slice must not be 0");
  const int64_t low = stride > 0 ? 0 : -1;
  const int64_t high = stride > 0 ? count : count - 1;
  const auto clamped = [&](int64_t index) {
    return std::clamp(index < 0 ? std::max(index, -count - 1) + count : index, low, high);
  };
  const int64_t first = from ? clamped(*from) : stride > 0 ? low : high;
  const int64_t last = to ? clamped(*to) : stride > 0 ? high : low;
  std::vector<size_t> indices;
  for (int64_t i = first; stride > 0 ? i < last : i > last; i += stride) indices.push_back(static_cast<size_t>(i));
  return indices;
}

}  // namespace

Result<Value> apply_operator(char op, const Value& left, const Value& right, Budget& budget) {
  if (op == '~') {
    TROUPE_TRY(std::string text, to_text(left));
    TROUPE_TRY(const std::string more, to_text(right));
    return make_text(std::move(text) + more, budget);
  }
  if (as_integer(left) && as_integer(right)) return apply_to_integers(op, *as_integer(left), *as_integer(right));
  if (op == '+' && left.text() != nullptr && right.text() != nullptr) {
    return make_text(*left.text() + *right.text(), budget);
  }
  if (op == '+' && left.list() != nullptr && right.list() != nullptr) {
    std::vector<Value> items = *left.list();
    items.insert(items.end(), right.list()->begin(), right.list()->end());
    return make_list(std::move(items), budget);
  }
  return cannot(std::string(1, op), left, right);
}

Result<bool> compare(std::string_view op, const Value& left, const Value& right, Budget& budget) {
  if (op == "in" || op == "not in") {
    TROUPE_TRY(const bool inside, contains(right, left, budget));
    return inside == (op == "in");
  }
  if (op == "==" || op == "!=") {
    TROUPE_TRY(const bool same, equal(left, right, budget));
    return same == (op == "==");
  }
  TROUPE_TRY(const int sign, order(op, left, right, budget));
  if (op == "<") return sign < 0;
  if (op == ">") return sign > 0;
  return op == "<=" ? sign <= 0 : sign >= 0;
}

Result<Value> subscript(const Value& object, const Value& key, Budget& budget) {
  if (object.is_undefined()) {
    return fail(Errc::invalid_argument, "cannot look up {} in an undefined value",
                key.text() != nullptr ? "\"" + key.text()->substr(0, 100) + "\"" : std::string(key.kind()));
  }
  if (object.object() != nullptr && key.text() != nullptr) {
    TROUPE_CHECK(budget.bytes(object.object()->size()));
    const Value* field = find_field(*object.object(), *key.text());
    return field == nullptr ? Value() : *field;
  }
  const auto index = as_integer(key);
  if (!index || (object.list() == nullptr && object.text() == nullptr)) return Value();

  const auto at = [&](size_t size) -> std::optional<size_t> {
    const auto count = static_cast<int64_t>(size);
    if (*index >= count || *index < -count) return std::nullopt;
    return static_cast<size_t>(*index < 0 ? *index + count : *index);
  };
  if (const auto* list = object.list()) {
    const auto position = at(list->size());
    return position ? (*list)[*position] : Value();
  }
  TROUPE_CHECK(budget.bytes(object.text()->size()));
  const std::vector<std::string_view> all = characters(*object.text());
  const auto position = at(all.size());
  return position ? Value(std::string(all[*position])) : Value();
}

Result<Value> slice(const Value& object, const Value& begin, const Value& end, const Value& step, Budget& budget) {
  if (const auto* list = object.list()) {
    TROUPE_TRY(const std::vector<size_t> indices, slice_indices(list->size(), begin, end, step));
    std::vector<Value> items;
    for (const size_t i : indices) items.push_back((*list)[i]);
    return make_list(std::move(items), budget);
  }
  if (object.text() == nullptr) {
    return fail(Errc::invalid_argument, "only lists and strings have slices, found {}", object.kind());
  }
  TROUPE_CHECK(budget.bytes(object.text()->size()));
  const std::vector<std::string_view> all = characters(*object.text());
  TROUPE_TRY(const std::vector<size_t> indices, slice_indices(all.size(), begin, end, step));
  std::string text;
  for (const size_t i : indices) text += all[i];
  return make_text(std::move(text), budget);
}

Result<std::vector<Value>> iterate(const Value& value, Budget& budget) {
  std::vector<Value> items;
  if (const auto* list = value.list()) {
    TROUPE_CHECK(budget.bytes(list->size() * sizeof(Value)));
    return *list;
  }
  if (const std::string* text = value.text()) {
    TROUPE_CHECK(budget.bytes(text->size() * sizeof(Value)));
    for (const std::string_view character : characters(*text)) items.emplace_back(std::string(character));
  } else if (value.mapping() != nullptr) {
    TROUPE_CHECK(budget.bytes(value.mapping()->size() * sizeof(Value)));
    for (const auto& [name, field] : *value.mapping()) items.emplace_back(name);
  } else if (!value.is_undefined()) {
    return fail(Errc::invalid_argument, "cannot go through a value that is {}", value.kind());
  }
  return items;
}

}  // namespace troupe::gpu::jinja
