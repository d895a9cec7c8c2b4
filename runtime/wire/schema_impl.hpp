#pragma once
// Implementation of schema.hpp; include that one.

#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/wire/schema.hpp"

namespace troupe::wire::detail {

/// Ext type of a byte string that lies in a frame of its own.
inline constexpr int8_t attachment_ext = 1;

class Encoder {
 public:
  Writer& writer() noexcept { return writer_; }
  void bytes(const Bytes& value);
  Body finish() { return {Bytes::own(std::move(data_)), std::move(attachments_)}; }

 private:
  std::string data_;
  Writer writer_{data_};
  std::vector<Bytes> attachments_;
};

class Decoder {
 public:
  Decoder(const Body& body, const Limits& limits);

  Reader& reader() noexcept { return reader_; }
  Bytes bytes();
  /// Whether the `count` elements of the container just begun, `size` bytes each, may be allocated for what has been
  /// received; else the reader fails.
  bool afford(size_t count, size_t size);

 private:
  const Body& body_;
  Reader reader_;
  size_t budget_;
  std::vector<bool> taken_;  ///< Which attachments a field already has.
};

Status check_limits(const Body& body, const Limits& limits);

template <class T>
inline constexpr bool is_id = false;
template <class Tag>
inline constexpr bool is_id<Id64<Tag>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;
template <class T>
inline constexpr bool has_no_schema = false;

template <class T>
void encode(Encoder& encoder, const T& value) {
  Writer& writer = encoder.writer();
  if constexpr (std::same_as<T, bool>) {
    writer.boolean(value);
  } else if constexpr (std::is_enum_v<T>) {
    encode(encoder, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::unsigned_integral<T>) {
    writer.unsigned_integer(value);
  } else if constexpr (std::signed_integral<T>) {
    writer.signed_integer(value);
  } else if constexpr (std::same_as<T, float>) {
    writer.float32(value);
  } else if constexpr (std::same_as<T, double>) {
    writer.float64(value);
  } else if constexpr (std::same_as<T, std::string>) {
    writer.str(value);
  } else if constexpr (std::same_as<T, Bytes>) {
    encoder.bytes(value);
  } else if constexpr (std::same_as<T, Duration>) {
    writer.signed_integer(value.count());
  } else if constexpr (is_id<T>) {
    writer.unsigned_integer(value.value);
  } else if constexpr (is_vector<T>) {
    writer.array(value.size());
    for (const auto& element : value) encode(encoder, element);
  } else if constexpr (is_map<T>) {
    writer.map(value.size());
    for (const auto& [key, element] : value) {
      writer.str(key);
      encode(encoder, element);
    }
  } else if constexpr (is_optional<T>) {
    if (value) {
      encode(encoder, *value);
    } else {
      writer.nil();
    }
  } else if constexpr (is_variant<T>) {
    writer.array(2);
    writer.unsigned_integer(value.index());
    std::visit([&](const auto& alternative) { encode(encoder, alternative); }, value);
  } else if constexpr (Structured<T>) {
    std::apply(
        [&](auto... member) {
          writer.array(sizeof...(member));
          (encode(encoder, value.*member), ...);
        },
        T::fields());
  } else {
    static_assert(has_no_schema<T>, "see the table in schema.hpp");
  }
}

template <class T>
void decode(Decoder& decoder, T& value);

template <class T>
void decode_elements(Decoder& decoder, std::vector<T>& value) {
  Reader& reader = decoder.reader();
  const size_t count = reader.begin_array();
  if (decoder.afford(count, sizeof(T))) value.resize(count);
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    reader.at(i);
    decode(decoder, value[i]);
  }
  reader.end();
}

template <class T>
void decode_pairs(Decoder& decoder, std::map<std::string, T>& value) {
  constexpr size_t node_bytes = sizeof(std::string) + sizeof(T) + 4 * sizeof(void*);
  Reader& reader = decoder.reader();
  const size_t count = reader.begin_map();
  decoder.afford(count, node_bytes);
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    reader.at(i);
    const auto [place, is_new] = value.try_emplace(std::string(reader.str()));
    if (reader.ok() && !is_new) reader.fail("the key is there twice");
    decode(decoder, place->second);
  }
  reader.end();
}

template <class... T>
void decode_alternative(Decoder& decoder, std::variant<T...>& value) {
  Reader& reader = decoder.reader();
  const size_t count = reader.begin_array(2);
  const uint64_t index = reader.unsigned_integer(sizeof...(T) - 1);
  reader.at(1);
  const auto try_one = [&]<size_t I>(std::integral_constant<size_t, I>) {
    if (index == I && reader.ok()) decode(decoder, value.template emplace<I>());
  };
  [&]<size_t... I>(std::index_sequence<I...>) {
    (try_one(std::integral_constant<size_t, I>{}), ...);
  }
  (std::index_sequence_for<T...>{});
  for (size_t i = 2; i < count && reader.ok(); ++i) reader.skip();
  reader.end();
}

template <Structured T>
void decode_fields(Decoder& decoder, T& value) {
  Reader& reader = decoder.reader();
  const size_t count = reader.begin_array();
  size_t index = 0;
  const auto one = [&](auto& field) {
    if (index < count && reader.ok()) {
      reader.at(index);
      decode(decoder, field);
    }
    ++index;
  };
  std::apply([&](auto... member) { (one(value.*member), ...); }, T::fields());
  for (; index < count && reader.ok(); ++index) {
    reader.at(index);
    reader.skip();
  }
  reader.end();
}

template <class T>
void decode(Decoder& decoder, T& value) {
  Reader& reader = decoder.reader();
  if constexpr (std::same_as<T, bool>) {
    value = reader.boolean();
  } else if constexpr (std::is_enum_v<T>) {
    std::underlying_type_t<T> number = 0;
    decode(decoder, number);
    value = static_cast<T>(number);
  } else if constexpr (std::unsigned_integral<T>) {
    value = static_cast<T>(reader.unsigned_integer(std::numeric_limits<T>::max()));
  } else if constexpr (std::signed_integral<T>) {
    value = static_cast<T>(reader.signed_integer(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  } else if constexpr (std::floating_point<T>) {
    value = static_cast<T>(reader.floating());
  } else if constexpr (std::same_as<T, std::string>) {
    value = reader.str();
  } else if constexpr (std::same_as<T, Bytes>) {
    value = decoder.bytes();
  } else if constexpr (std::same_as<T, Duration>) {
    value = Duration(reader.signed_integer());
  } else if constexpr (is_id<T>) {
    value.value = reader.unsigned_integer();
  } else if constexpr (is_vector<T>) {
    decode_elements(decoder, value);
  } else if constexpr (is_map<T>) {
    decode_pairs(decoder, value);
  } else if constexpr (is_optional<T>) {
    if (reader.take_nil()) {
      value.reset();
    } else {
      decode(decoder, value.emplace());
    }
  } else if constexpr (is_variant<T>) {
    decode_alternative(decoder, value);
  } else if constexpr (Structured<T>) {
    decode_fields(decoder, value);
  } else {
    static_assert(has_no_schema<T>, "see the table in schema.hpp");
  }
}

template <class T>
std::string subject() {
  if constexpr (requires { T::message_type; }) {
    return fmt::format("message type {}", static_cast<unsigned>(T::message_type));
  } else {
    return "the body";
  }
}

}  // namespace troupe::wire::detail

namespace troupe::wire {

template <Structured T>
Body encode_body(const T& value) {
  detail::Encoder encoder;
  detail::encode(encoder, value);
  return encoder.finish();
}

template <Structured T>
Result<T> decode_body(const Body& body, const Limits& limits) {
  TROUPE_CHECK(detail::check_limits(body, limits));
  detail::Decoder decoder(body, limits);
  T value{};
  detail::decode(decoder, value);
  decoder.reader().finish();
  if (!decoder.reader().ok()) return fail(decoder.reader().error(detail::subject<T>()));
  return value;
}

}  // namespace troupe::wire
