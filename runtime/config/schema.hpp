#pragma once
// Schema<T>: how YAML maps onto an options struct, declared beside the struct:
//
//   struct BatchingOptions { uint32_t max_size = 1; Duration max_delay{}; };
//   inline void describe(config::Schema<BatchingOptions>& s) {
//     s.field("max_size", &BatchingOptions::max_size, "Requests per batch at most").range(1, 4096);
//     s.field("max_delay", &BatchingOptions::max_delay, "How long the first request may wait for company").range(0ms,
//     10s);
//   }
//
// Field types: bool, integers, double, std::string, Duration, ByteCount, enums with names_of(), structs with
// describe(), and std::optional, std::vector and std::map<std::string, …> of these. Defaults are the struct's own.

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/config/codec.hpp"

namespace troupe::config {

namespace detail {
template <class M>
struct Unwrapped {
  using type = M;
};
template <class M>
struct Unwrapped<std::optional<M>> {
  using type = M;
};
}  // namespace detail

/// The rules of one key. Each call returns the field, so that rules chain. Those over a std::optional look at its
/// value and hold where it has none.
template <class M>
class Field : public FieldBase {
 public:
  using Value = typename detail::Unwrapped<M>::type;
  static_assert(!std::is_same_v<Value, float>, "use double: YAML has one kind of real number");

  /// The key must be there; messages name the line of the mapping that lacks it.
  Field& required() {
    required_ = true;
    return *this;
  }

  /// Both ends belong to the range.
  Field& range(Value low, Value high) requires std::totally_ordered<Value> {
    wants_ =
        fmt::format("{} from {} to {}", type_.noun, Codec<Value>::write(low)->text, Codec<Value>::write(high)->text);
    return add_rule(wants_, [low, high](const Value& value) { return low <= value && value <= high; });
  }

  Field& one_of(std::initializer_list<Value> allowed) {
    wants_ = "one of ";
    for (const Value& value : allowed) {
      candidates_.push_back(Codec<Value>::write(value)->text);
      wants_ += (candidates_.size() > 1 ? ", " : "") + candidates_.back();
    }
    return add_rule(wants_, [values = std::vector<Value>(allowed)](const Value& value) {
      return std::find(values.begin(), values.end(), value) != values.end();
    });
  }

  /// Of text in bytes, of lists and maps in items; both ends belong.
  Field& size(size_t low, size_t high) requires requires(const Value& value) { value.size(); }
  {
    const char* unit = std::is_same_v<Value, std::string> ? "bytes" : "items";
    wants_ += fmt::format(", {} to {} {} in all", low, high, unit);
    return add_rule(wants_, [low, high](const Value& value) { return low <= value.size() && value.size() <= high; });
  }

  /// `wants` completes "expected …": check(is_power_of_two, "a power of two").
  Field& check(std::function<bool(const Value&)> predicate, std::string wants) {
    return add_rule(std::move(wants), std::move(predicate));
  }

 protected:
  using FieldBase::FieldBase;

  void read_value(const Node& node, M& out, ErrorSink& errors) const {
    if (!Codec<M>::read(node, out, errors, wants_)) return;
    const Value* value = nullptr;
    if constexpr (std::is_same_v<M, Value>)
      value = &out;
    else
      value = out ? &*out : nullptr;
    for (const Rule& rule : rules_) {
      if (!value || rule.holds(*value)) continue;
      return errors.expected(node, rule.wants, errors.suggestion(node.text, candidates_));
    }
  }

 private:
  struct Rule {
    std::string wants;
    std::function<bool(const Value&)> holds;
  };

  Field& add_rule(std::string wants, std::function<bool(const Value&)> holds) {
    rules_.push_back(Rule{std::move(wants), std::move(holds)});
    return *this;
  }

  std::vector<Rule> rules_;
  std::vector<std::string> candidates_;
};

template <class T>
class Schema {
 public:
  /// What messages call the struct: "Deployment".
  Schema& named(std::string name) {
    spec_.name = std::move(name);
    return *this;
  }

  /// `help` is one line for the reference and for messages about a missing key.
  template <class M>
  Field<M>& field(std::string key, M T::*member, std::string help) {
    auto field = std::make_unique<MemberField<M>>(std::move(key), std::move(help), member);
    auto& reference = *field;
    spec_.fields.push_back(std::move(field));
    return reference;
  }

  /// A rule over several fields, looked at once each field alone is right; `wants` completes "expected …".
  template <class Predicate>
  Schema& check(Predicate predicate, std::string wants) {
    spec_.checks.push_back(StructCheck{std::move(wants),
                                       [](const void* function, const void* object) -> bool {
                                         return (*static_cast<const Predicate*>(function))(
                                             *static_cast<const T*>(object));
                                       },
                                       std::make_shared<const Predicate>(std::move(predicate))});
    return *this;
  }

  StructSpec take() { return std::move(spec_); }

 private:
  template <class M>
  class MemberField final : public Field<M> {
   public:
    MemberField(std::string key, std::string help, M T::*member)
        : Field<M>(std::move(key), std::move(help), Codec<M>::type()), member_(member) {}

    void read(const Node& node, void* object, ErrorSink& errors) const override {
      this->read_value(node, static_cast<T*>(object)->*member_, errors);
    }
    NodePtr write(const void* object) const override {
      return Codec<M>::write(static_cast<const T*>(object)->*member_);
    }

   private:
    M T::*member_;
  };

  StructSpec spec_;
};

template <Described T>
const StructSpec& spec_of() {
  static const StructSpec spec = [] {
    Schema<T> schema;
    describe(schema);
    StructSpec built = schema.take();
    const T defaults{};
    built.defaults = write_struct(built, &defaults);
    return built;
  }();
  return spec;
}

}  // namespace troupe::config
