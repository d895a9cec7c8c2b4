#include "cluster/spec/trust_records.hpp"

#include "cluster/spec/join_token.hpp"
#include "runtime/wire/schema.hpp"

namespace troupe::cluster {
namespace {

template <class Record>
Result<Record> decode(std::string_view key, const std::string& value) {
  auto record = wire::decode_body<Record>(wire::Body{Bytes::copy(value), {}}, wire::Limits{});
  if (!record)
    return fail(Errc::corrupt_data, "the record '{}' in the control state is damaged: {}", key, record.error().message);
  if (record->schema != 1)
    return fail(Errc::failed_precondition, "the record '{}' has schema {}, but this version of Troupe reads 1", key,
                record->schema);
  return std::move(*record);
}

}  // namespace

std::string key_of(const TokenRecord& record) {
  return std::string(token_prefix) + token_name(record.id);
}
std::string key_of(const NodeRecord& record) {
  return std::string(node_prefix) + record.id.str();
}
std::string encode(const TokenRecord& record) {
  return std::string(wire::encode_body(record).data.view());
}
std::string encode(const NodeRecord& record) {
  return std::string(wire::encode_body(record).data.view());
}
Result<TokenRecord> decode_token(const std::string& key, const std::string& value) {
  return decode<TokenRecord>(key, value);
}
Result<NodeRecord> decode_node(const std::string& key, const std::string& value) {
  return decode<NodeRecord>(key, value);
}

}  // namespace troupe::cluster
