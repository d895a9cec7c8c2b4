#include "cluster/spec/model_record.hpp"

#include "cluster/spec/decode_record.hpp"
#include "runtime/wire/schema.hpp"

namespace troupe::cluster {

std::string key_of(const ModelRecord& record) {
  return std::string(model_prefix) + record.name;
}

std::string encode(const ModelRecord& record) {
  return std::string(wire::encode_body(record).data.view());
}

Result<ModelRecord> decode_model(const std::string& key, const std::string& value) {
  TROUPE_TRY(ModelRecord record, decode_record<ModelRecord>(key, value));
  if (key_of(record) != key) return fail(Errc::corrupt_data, "{} holds the record of {}", key, record.name);
  return record;
}

}  // namespace troupe::cluster
