#pragma once
// Codec<T>: how one type reads from and writes to a Node. The list of types that a schema's field may have.

#include <fmt/format.h>

#include <array>
#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/config/scalars.hpp"
#include "runtime/config/struct_spec.hpp"

namespace troupe::config {

template <class T>
class Schema;

/// A struct with a `void describe(Schema<T>&)` in its own namespace.
template <class T>
concept Described = std::is_class_v<T> && requires(Schema<T>& schema) {
  describe(schema);
};

/// One row of an enum's table of names.
template <class E>
struct EnumName {
  E value;
  std::string_view name;
};

/// An enum with a `names_of(E)` in its own namespace that returns an array of EnumName<E>.
template <class E>
concept NamedEnum = std::is_enum_v<E> && requires {
  { names_of(E{})[0] } -> std::convertible_to<EnumName<E>>;
};

/// The description of T, built on first use and then constant.
template <Described T>
const StructSpec& spec_of();

/// read(): true and `out` set, or false and the problem reported. Messages name `wants` as what would be right.
template <class T>
struct Codec;

namespace detail {

template <class T>
bool read_scalar(const Node& node, std::optional<T> value, T& out, ErrorSink& errors, const std::string& wants) {
  if (!value) {
    errors.expected(node, wants);
    return false;
  }
  out = std::move(*value);
  return true;
}

inline TypeInfo scalar(std::string noun) {
  return {TypeInfo::Shape::scalar, noun, noun, nullptr};
}

/// The structure that a list, map or optional of T holds, if any.
template <class T>
const StructSpec& (*structure_in())() {
  return Codec<T>::type().shape == TypeInfo::Shape::structure ? Codec<T>::type().structure : nullptr;
}

}  // namespace detail

template <>
struct Codec<bool> {
  static TypeInfo type() { return detail::scalar("true or false"); }
  static NodePtr write(bool value) { return Node::literal(value ? "true" : "false"); }
  static bool read(const Node& node, bool& out, ErrorSink& errors, const std::string& wants) {
    return detail::read_scalar(node, parse_bool(node), out, errors, wants);
  }
};

template <std::integral T>
struct Codec<T> {
  static TypeInfo type() {
    constexpr int bits = std::numeric_limits<T>::digits;
    TypeInfo info = detail::scalar("a whole number");
    info.wants +=
        std::is_signed_v<T> ? fmt::format(" from -2^{} to 2^{}-1", bits, bits) : fmt::format(" from 0 to 2^{}-1", bits);
    return info;
  }
  static NodePtr write(T value) { return Node::literal(fmt::format("{}", value)); }
  static bool read(const Node& node, T& out, ErrorSink& errors, const std::string& wants) {
    std::optional<T> value;
    if constexpr (std::is_signed_v<T>) {
      if (const auto wide = parse_signed(node); wide && std::in_range<T>(*wide)) value = static_cast<T>(*wide);
    } else {
      if (const auto wide = parse_unsigned(node); wide && std::in_range<T>(*wide)) value = static_cast<T>(*wide);
    }
    return detail::read_scalar(node, value, out, errors, wants);
  }
};

template <>
struct Codec<double> {
  static TypeInfo type() { return detail::scalar("a number"); }
  static NodePtr write(double value) { return write_real(value); }
  static bool read(const Node& node, double& out, ErrorSink& errors, const std::string& wants) {
    return detail::read_scalar(node, parse_real(node), out, errors, wants);
  }
};

template <>
struct Codec<std::string> {
  static TypeInfo type() { return detail::scalar("text"); }
  static NodePtr write(const std::string& value) { return write_text(value); }
  static bool read(const Node& node, std::string& out, ErrorSink& errors, const std::string& wants) {
    return detail::read_scalar(node, parse_text(node), out, errors, wants);
  }
};

template <>
struct Codec<Duration> {
  static TypeInfo type() {
    return {TypeInfo::Shape::scalar, "a duration", "a duration such as 5ms, 1.5s or 2m", nullptr};
  }
  static NodePtr write(Duration value) { return Node::string(format_duration(value)); }
  static bool read(const Node& node, Duration& out, ErrorSink& errors, const std::string& wants) {
    return detail::read_scalar(node, parse_duration_node(node), out, errors, wants);
  }
};

template <>
struct Codec<ByteCount> {
  static TypeInfo type() {
    return {TypeInfo::Shape::scalar, "a size", "a size such as 64KiB, 512MiB or 2GiB", nullptr};
  }
  static NodePtr write(ByteCount value) { return write_bytes(value); }
  static bool read(const Node& node, ByteCount& out, ErrorSink& errors, const std::string& wants) {
    return detail::read_scalar(node, parse_bytes_node(node), out, errors, wants);
  }
};

template <NamedEnum E>
struct Codec<E> {
  static std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const EnumName<E>& row : names_of(E{})) names.emplace_back(row.name);
    return names;
  }
  static TypeInfo type() {
    std::string list = "one of ";
    for (const std::string& name : names()) list += (list.size() > 7 ? ", " : "") + name;
    return detail::scalar(std::move(list));
  }
  static NodePtr write(E value) {
    for (const EnumName<E>& row : names_of(E{}))
      if (row.value == value) return Node::string(std::string(row.name));
    return Node::null();
  }
  static bool read(const Node& node, E& out, ErrorSink& errors, const std::string& wants) {
    const auto text = parse_text(node);
    for (const EnumName<E>& row : names_of(E{})) {
      if (!text || *text != row.name) continue;
      out = row.value;
      return true;
    }
    errors.expected(node, wants, text ? errors.suggestion(*text, names()) : "");
    return false;
  }
};

template <Described T>
struct Codec<T> {
  static TypeInfo type() { return {TypeInfo::Shape::structure, "a mapping", "a mapping", &spec_of<T>}; }
  static NodePtr write(const T& value) { return write_struct(spec_of<T>(), &value); }
  static bool read(const Node& node, T& out, ErrorSink& errors, const std::string&) {
    const size_t before = errors.count();
    read_struct(spec_of<T>(), node, &out, errors);
    return errors.count() == before;
  }
};

template <class T>
struct Codec<std::optional<T>> {
  static TypeInfo type() {
    const TypeInfo inner = Codec<T>::type();
    return {TypeInfo::Shape::optional, inner.noun, inner.wants, detail::structure_in<T>()};
  }
  static NodePtr write(const std::optional<T>& value) { return value ? Codec<T>::write(*value) : Node::null(); }
  static bool read(const Node& node, std::optional<T>& out, ErrorSink& errors, const std::string& wants) {
    out.reset();
    if (node.kind == Node::Kind::null) return true;
    return Codec<T>::read(node, out.emplace(), errors, wants);
  }
};

template <class T>
struct Codec<std::vector<T>> {
  static TypeInfo type() {
    return {TypeInfo::Shape::list, "a list", "a list, each item " + Codec<T>::type().wants, detail::structure_in<T>()};
  }
  static NodePtr write(const std::vector<T>& values) {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::sequence;
    for (const T& value : values) node->items.push_back(Codec<T>::write(value));
    return node;
  }
  static bool read(const Node& node, std::vector<T>& out, ErrorSink& errors, const std::string& wants) {
    if (node.kind != Node::Kind::sequence) {
      errors.expected(node, wants);
      return false;
    }
    const size_t before = errors.count();
    const std::string item_wants = Codec<T>::type().wants;
    out.clear();
    for (size_t i = 0; i < node.items.size(); ++i) {
      const ErrorSink::Scope scope(errors, i);
      T value{};
      Codec<T>::read(*node.items[i], value, errors, item_wants);
      out.push_back(std::move(value));
    }
    return errors.count() == before;
  }
};

template <class T>
struct Codec<std::map<std::string, T>> {
  static TypeInfo type() {
    return {TypeInfo::Shape::map, "a mapping", "a mapping of names, each to " + Codec<T>::type().wants,
            detail::structure_in<T>()};
  }
  static NodePtr write(const std::map<std::string, T>& values) {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::mapping;
    for (const auto& [key, value] : values) node->entries.push_back({write_text(key)->text, 0, Codec<T>::write(value)});
    return node;
  }
  static bool read(const Node& node, std::map<std::string, T>& out, ErrorSink& errors, const std::string& wants) {
    if (node.kind != Node::Kind::mapping) {
      errors.expected(node, wants);
      return false;
    }
    const size_t before = errors.count();
    const std::string value_wants = Codec<T>::type().wants;
    out.clear();
    for (const Node::Entry& entry : node.entries) {
      const ErrorSink::Scope scope(errors, entry.key);
      T value{};
      Codec<T>::read(*entry.value, value, errors, value_wants);
      out.insert_or_assign(entry.key, std::move(value));
    }
    return errors.count() == before;
  }
};

}  // namespace troupe::config
