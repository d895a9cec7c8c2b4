#include "actors/gateway/grpc/protobuf.hpp"

#include <limits>

namespace troupe::gateway {
namespace {

constexpr uint32_t field_number_max = (1U << 29) - 1;

tl::unexpected<Error> malformed(std::string_view why) {
  return fail(Errc::invalid_argument, "the message is no valid protobuf: {}", why);
}

tl::unexpected<Error> wrong_type(std::string_view path) {
  return fail_field(std::string(path), "{} has another type in this message than in the protocol", path);
}

/// Takes a varint from the front of `rest`.
Result<uint64_t> take_varint(std::string_view& rest) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest.empty()) return malformed("it ends inside a number");
    const auto byte = static_cast<uint8_t>(rest.front());
    rest.remove_prefix(1);
    value |= uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  return malformed("a number has more than ten bytes");
}

/// Takes a little-endian number of `bytes` bytes.
Result<uint64_t> take_fixed(std::string_view& rest, size_t bytes) {
  if (rest.size() < bytes) return malformed("it ends inside a number");
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value |= uint64_t{static_cast<uint8_t>(rest[i])} << (8 * i);
  rest.remove_prefix(bytes);
  return value;
}

Result<uint64_t> take_number(std::string_view& rest, WireType type) {
  if (type == WireType::varint) return take_varint(rest);
  return take_fixed(rest, type == WireType::fixed64 ? 8 : 4);
}

}  // namespace

Result<std::optional<ProtoField>> ProtoReader::next() {
  if (rest_.empty()) return std::nullopt;
  TROUPE_TRY(const uint64_t tag, take_varint(rest_));
  ProtoField field;
  if (tag >> 3 == 0 || tag >> 3 > field_number_max) return malformed("a field has no valid number");
  field.number = static_cast<uint32_t>(tag >> 3);
  field.type = static_cast<WireType>(tag & 7);
  switch (field.type) {
    case WireType::varint:
    case WireType::fixed64:
    case WireType::fixed32: {
      TROUPE_TRY(field.value, take_number(rest_, field.type));
      return field;
    }
    case WireType::bytes: {
      TROUPE_TRY(const uint64_t length, take_varint(rest_));
      if (length > rest_.size()) return malformed("a field is longer than what is left");
      field.bytes = rest_.substr(0, length);
      rest_.remove_prefix(length);
      return field;
    }
  }
  return malformed("a field has an unknown type");
}

Result<std::string_view> proto_bytes(const ProtoField& field, std::string_view path) {
  if (field.type != WireType::bytes) return wrong_type(path);
  return field.bytes;
}

Result<std::string> proto_text(const ProtoField& field, std::string_view path, size_t bytes_max) {
  TROUPE_TRY(const std::string_view text, proto_bytes(field, path));
  if (text.size() <= bytes_max) return std::string(text);
  return fail_field(std::string(path), "{} may have {} bytes, found {}", path, bytes_max, text.size());
}

Result<bool> proto_bool(const ProtoField& field, std::string_view path) {
  TROUPE_TRY(const uint64_t value, proto_varint(field, path));
  return value != 0;
}

Result<uint64_t> proto_varint(const ProtoField& field, std::string_view path) {
  if (field.type != WireType::varint) return wrong_type(path);
  return field.value;
}

Status for_each_number(const ProtoField& field, WireType type, std::string_view path,
                       const std::function<Status(uint64_t bits)>& add) {
  if (field.type == type) return add(field.value);
  if (field.type != WireType::bytes) return wrong_type(path);
  for (std::string_view rest = field.bytes; !rest.empty();) {
    TROUPE_TRY(const uint64_t bits, take_number(rest, type));
    TROUPE_CHECK(add(bits));
  }
  return {};
}

tl::unexpected<Error> unknown_proto_field(std::string_view message, uint32_t number) {
  return fail(Errc::invalid_argument, "{} has a field {}, which is not known here", message, number);
}

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void put_header(std::string& out, uint32_t number, size_t bytes) {
  put_varint(out, uint64_t{number} << 3 | static_cast<uint64_t>(WireType::bytes));
  put_varint(out, bytes);
}

void put_text(std::string& out, uint32_t number, std::string_view text) {
  if (!text.empty()) put_element(out, number, text);
}

void put_number(std::string& out, uint32_t number, uint64_t value) {
  if (value != 0) put_set_number(out, number, value);
}

void put_bool(std::string& out, uint32_t number, bool value) {
  put_number(out, number, value ? 1 : 0);
}

void put_element(std::string& out, uint32_t number, std::string_view bytes) {
  put_header(out, number, bytes.size());
  out += bytes;
}

void put_set_number(std::string& out, uint32_t number, uint64_t value) {
  put_varint(out, uint64_t{number} << 3);
  put_varint(out, value);
}

void put_packed(std::string& out, uint32_t number, const std::vector<int64_t>& values) {
  if (values.empty()) return;
  std::string packed;
  for (const int64_t value : values) put_varint(packed, static_cast<uint64_t>(value));
  put_element(out, number, packed);
}

size_t ProtoPieces::size() const {
  size_t bytes = 0;
  for (const Bytes& piece : pieces) bytes += piece.size();
  return bytes;
}

std::string ProtoPieces::joined() const {
  std::string all;
  all.reserve(size());
  for (const Bytes& piece : pieces) all += piece.view();
  return all;
}

}  // namespace troupe::gateway
