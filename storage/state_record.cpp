#include "storage/state_record.hpp"

namespace troupe::storage {
namespace {

constexpr char record_version = 1;
constexpr size_t header_bytes = 1 + 8 + 8;

uint64_t read_u64(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 8; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

std::string encode_u64(uint64_t value) {
  std::string bytes(8, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(value & 0xff);
    value >>= 8;
  }
  return bytes;
}

Result<uint64_t> decode_u64(std::string_view what, std::string_view bytes) {
  if (bytes.size() != 8) return fail(Errc::corrupt_data, "{} has {} bytes instead of 8", what, bytes.size());
  return read_u64(bytes);
}

std::string encode_record(Revision create_revision, Revision mod_revision, std::string_view value) {
  std::string bytes;
  bytes.reserve(header_bytes + value.size());
  bytes += record_version;
  bytes += encode_u64(create_revision.value);
  bytes += encode_u64(mod_revision.value);
  bytes += value;
  return bytes;
}

Result<StateRecord> decode_record(std::string_view key, std::string_view bytes) {
  if (bytes.size() < header_bytes)
    return fail(Errc::corrupt_data, "the stored record of '{}' has {} bytes; at least {} belong there", key,
                bytes.size(), header_bytes);
  if (bytes[0] != record_version)
    return fail(Errc::corrupt_data, "the stored record of '{}' has the format {}; this troupe knows {}", key,
                static_cast<unsigned char>(bytes[0]), static_cast<int>(record_version));
  return StateRecord{{read_u64(bytes.substr(1))}, {read_u64(bytes.substr(9))}, bytes.substr(header_bytes)};
}

}  // namespace troupe::storage
