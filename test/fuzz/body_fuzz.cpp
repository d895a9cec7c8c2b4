// Any bytes as the body of any message: refused, or with the same bytes after being read, written, read and written.
// The first byte picks the message type (all are below 256), the second the number of attachments.
#include <cstdint>
#include <string_view>

#include "runtime/base/assert.hpp"
#include "runtime/protocol/registry.hpp"

namespace {

using namespace troupe;

Result<wire::Body> there_and_back(protocol::MessageType type, const wire::Body& body) {
  if (type == protocol::MessageType::error) {
    TROUPE_TRY(const Error error, protocol::decode_error(body, wire::Limits{}));
    return protocol::encode_error(error);
  }
  TROUPE_TRY(const protocol::AnyMessage message, protocol::decode(type, body, wire::Limits{}));
  return protocol::encode(message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const auto type = static_cast<protocol::MessageType>(data[0]);
  wire::Body body{Bytes::copy({reinterpret_cast<const char*>(data + 2), size - 2}), {}};
  for (int i = 0; i < data[1] % 4; ++i) {
    body.attachments.push_back(Bytes::own(std::string(wire::attachment_bytes_min, static_cast<char>(i))));
  }

  const auto once = there_and_back(type, body);
  if (!once) return 0;
  const auto twice = there_and_back(type, *once);
  TROUPE_ASSERT(twice.has_value() && twice->data == once->data && twice->attachments == once->attachments);
  return 0;
}
