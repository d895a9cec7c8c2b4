#pragma once
// Values of chat templates, and the budget that bounds a rendering. Private to this folder.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::gpu::jinja {

/// Counts what a rendering costs; a template from anywhere can then neither hang nor fill the memory.
class Budget {
 public:
  static constexpr size_t max_steps = 1'000'000;
  static constexpr size_t max_bytes = 128 << 20;

  Status step();
  /// For bytes that are made or looked through.
  Status bytes(size_t count);

 private:
  size_t steps_ = 0;
  size_t bytes_ = 0;
};

/// A Python value as far as chat templates need it. Cheap to copy; all but namespaces are immutable.
class Value {
 public:
  struct None {};
  struct List;
  /// In insertion order.
  using Object = std::vector<std::pair<std::string, Value>>;
  struct Mapping;
  struct Namespace;

  Value() = default;  ///< Undefined.
  explicit Value(bool value) : data_(value) {}
  explicit Value(int64_t value) : data_(value) {}
  explicit Value(double value) : data_(value) {}
  explicit Value(std::string text) : data_(std::make_shared<const std::string>(std::move(text))) {}
  static Value none() { return Value(Data(None{})); }
  /// For what is known to be flat and small; see make_object().
  static Value object(Object object);
  static Value name_space(Object fields);

  bool is_undefined() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_none() const { return std::holds_alternative<None>(data_); }
  const bool* boolean() const { return std::get_if<bool>(&data_); }
  const int64_t* integer() const { return std::get_if<int64_t>(&data_); }
  const double* number() const { return std::get_if<double>(&data_); }
  const std::string* text() const { return pointee<std::string>(); }
  const std::vector<Value>* list() const;
  /// Fields of an object or a namespace.
  const Object* object() const;
  /// Fields of an object alone.
  const Object* mapping() const { return name_space() == nullptr ? object() : nullptr; }
  Namespace* name_space() const;

  /// Levels of lists and objects inside each other; 0 for anything else.
  int depth() const;
  /// Python's truth.
  bool truth() const;
  /// "string", "list", …, for messages.
  std::string_view kind() const;

 private:
  using Data = std::variant<std::monostate, None, bool, int64_t, double, std::shared_ptr<const std::string>,
                            std::shared_ptr<const List>, std::shared_ptr<const Mapping>, std::shared_ptr<Namespace>>;
  explicit Value(Data data) : data_(std::move(data)) {}
  friend Result<Value> make_list(std::vector<Value> items, Budget& budget);

  template <class T>
  const T* pointee() const {
    const auto* held = std::get_if<std::shared_ptr<const T>>(&data_);
    return held == nullptr ? nullptr : held->get();
  }

  Data data_;
};

struct Value::List {
  std::vector<Value> items;
  int depth;
};

struct Value::Mapping {
  Object fields;
  int depth;
};

/// The only thing that a template can change. It never holds, even indirectly, a namespace: no cycles.
struct Value::Namespace {
  Object fields;
};

/// Errors: invalid_argument for namespaces inside or too many levels, too_large by the budget.
Result<Value> make_list(std::vector<Value> items, Budget& budget);
/// Requires names that differ.
Result<Value> make_object(Value::Object fields, Budget& budget);
Result<Value> make_text(std::string text, Budget& budget);

/// Null if there is none.
const Value* find_field(const Value::Object& object, std::string_view name);

/// True and false count as 1 and 0, as in Python.
std::optional<int64_t> as_integer(const Value& value);
/// As Python's repr(): "1.0", "1e-07", "1e+16".
std::string python_number(double number);
/// What {{ value }} writes. Errors: invalid_argument for lists and objects.
Result<std::string> to_text(const Value& value);

/// The characters of a text; each broken byte counts as one.
std::vector<std::string_view> characters(std::string_view text);

/// Without the characters of `set` at the left, the right or both ends; an empty set stands for Unicode white space.
std::string_view strip(std::string_view text, bool left, bool right, std::string_view set = {});

}  // namespace troupe::gpu::jinja
