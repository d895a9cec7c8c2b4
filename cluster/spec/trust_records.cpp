#include "cluster/spec/trust_records.hpp"

#include "cluster/spec/decode_record.hpp"
#include "cluster/spec/join_token.hpp"
#include "runtime/wire/schema.hpp"

namespace troupe::cluster {
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
  return decode_record<TokenRecord>(key, value);
}
Result<NodeRecord> decode_node(const std::string& key, const std::string& value) {
  return decode_record<NodeRecord>(key, value);
}

}  // namespace troupe::cluster
