#pragma once
// Protocol Buffers' wire format, as far as proto3 messages without groups use it. Pure.
//
// Why not the library's generated classes: they make an object of each element before anybody can count, so that two
// bytes of a hostile message cost forty and more; and they copy each tensor twice. Here a message is read in place,
// limits hold while it is read, and what is written shares the tensors' memory.
//
// https://protobuf.dev/programming-guides/encoding/

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gateway {

enum class WireType : uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// A field as it stands in a message.
struct ProtoField {
  uint32_t number = 0;
  WireType type = WireType::varint;
  uint64_t value = 0;      ///< Of a varint or a fixed number: its bits.
  std::string_view bytes;  ///< Of `bytes`: text, bytes, a message or packed numbers, inside the message that was read.
};

/// Reads one message, field by field.
class ProtoReader {
 public:
  explicit ProtoReader(std::string_view message) : rest_(message) {}

  /// The next field; none at the end. invalid_argument where the bytes are no message.
  Result<std::optional<ProtoField>> next();

 private:
  std::string_view rest_;
};

/// Calls `handle` for each field of `message`, until it fails. Handle(const ProtoField&) -> Status.
template <class Handle>
Status for_each_proto_field(std::string_view message, Handle handle) {
  ProtoReader reader(message);
  for (;;) {
    TROUPE_TRY(const std::optional<ProtoField> field, reader.next());
    if (!field) return {};
    TROUPE_CHECK(handle(*field));
  }
}

/// The value of a field that has the type; `path` names it in errors.
Result<std::string_view> proto_bytes(const ProtoField& field, std::string_view path);
Result<std::string> proto_text(const ProtoField& field, std::string_view path, size_t bytes_max);
Result<bool> proto_bool(const ProtoField& field, std::string_view path);
Result<uint64_t> proto_varint(const ProtoField& field, std::string_view path);

/// Hands the bits of a repeated number's values to `add`, packed or not: varints, or fixed numbers of `type`. Until it
/// fails.
Status for_each_number(const ProtoField& field, WireType type, std::string_view path,
                       const std::function<Status(uint64_t bits)>& add);

/// invalid_argument: such a field of `message` is not known here.
tl::unexpected<Error> unknown_proto_field(std::string_view message, uint32_t number);

// --- Writing. proto3 leaves out values that are 0 or empty; so do these, but for members of a oneof and list elements.

void put_varint(std::string& out, uint64_t value);
/// `number` and, in `bytes`, what comes before so many bytes of a text or a message.
void put_header(std::string& out, uint32_t number, size_t bytes);

void put_text(std::string& out, uint32_t number, std::string_view text);
void put_number(std::string& out, uint32_t number, uint64_t value);
void put_bool(std::string& out, uint32_t number, bool value);
/// Also where it is empty: an element of a list, a member of a oneof, or a message that is there.
void put_element(std::string& out, uint32_t number, std::string_view bytes);
/// Also where it is 0.
void put_set_number(std::string& out, uint32_t number, uint64_t value);
void put_packed(std::string& out, uint32_t number, const std::vector<int64_t>& values);

/// A message in pieces that follow each other: what is long shares its memory with where it came from.
struct ProtoPieces {
  std::vector<Bytes> pieces;

  size_t size() const;
  std::string joined() const;
};

}  // namespace troupe::gateway
