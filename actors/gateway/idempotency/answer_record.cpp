#include "actors/gateway/idempotency/answer_record.hpp"

#include "runtime/protocol/answer_parts.hpp"
#include "runtime/protocol/payload.hpp"
#include "runtime/wire/schema.hpp"

namespace troupe::gateway {
namespace {

constexpr uint32_t schema_known = 1;
constexpr size_t size_bytes = 8;

void append_sized(std::string& out, std::string_view bytes) {
  for (size_t i = 0; i < size_bytes; ++i) out += static_cast<char>(bytes.size() >> (8 * i) & 0xff);
  out += bytes;
}

Result<Bytes> take_sized(std::string_view& rest) {
  if (rest.size() < size_bytes) return fail(Errc::corrupt_data, "a stored answer ends in the middle of a length");
  uint64_t size = 0;
  for (size_t i = size_bytes; i-- > 0;) size = size << 8 | static_cast<unsigned char>(rest[i]);
  rest.remove_prefix(size_bytes);
  if (size > rest.size())
    return fail(Errc::corrupt_data, "a stored answer has {} bytes left where {} belong", rest.size(), size);
  Bytes taken = Bytes::copy(rest.substr(0, size));
  rest.remove_prefix(size);
  return taken;
}

}  // namespace

/// The body as it would travel, then its attachments, each after its length.
std::string encode(const AnswerRecord& record) {
  const wire::Body body = wire::encode_body(record);
  std::string out;
  append_sized(out, body.data.view());
  for (const Bytes& attachment : body.attachments) append_sized(out, attachment.view());
  return out;
}

Result<AnswerRecord> decode_answer_record(std::string_view bytes) {
  wire::Body body;
  TROUPE_TRY(body.data, take_sized(bytes));
  while (!bytes.empty()) {
    TROUPE_TRY(Bytes attachment, take_sized(bytes));
    body.attachments.push_back(std::move(attachment));
  }
  TROUPE_TRY(AnswerRecord record, wire::decode_body<AnswerRecord>(body, {}));
  if (record.schema > schema_known)
    return fail(Errc::failed_precondition, "a stored answer has schema {}, of a newer troupe; this one reads up to {}",
                record.schema, schema_known);
  return record;
}

std::vector<protocol::ResultPart> joined(const std::vector<PartPtr>& parts) {
  std::vector<protocol::ResultPart> whole;
  for (const PartPtr& part : parts) protocol::join(whole, *part);
  for (protocol::ResultPart& part : whole) part.load.reset();
  return whole;
}

uint64_t part_bytes(const protocol::ResultPart& part) {
  constexpr uint64_t overhead = 64;
  return overhead + protocol::payload_bytes(part);
}

}  // namespace troupe::gateway
