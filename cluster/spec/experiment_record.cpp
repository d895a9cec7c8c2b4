#include "cluster/spec/experiment_record.hpp"

#include "cluster/spec/decode_record.hpp"
#include "runtime/wire/schema.hpp"

namespace troupe::cluster {

std::string key_of(const experiment::ExperimentRecord& record) {
  return std::string(experiment_prefix) + record.definition.name;
}

std::string encode(const experiment::ExperimentRecord& record) {
  return std::string(wire::encode_body(record).data.view());
}

Result<experiment::ExperimentRecord> decode_experiment(const std::string& key, const std::string& value) {
  TROUPE_TRY(auto record, decode_record<experiment::ExperimentRecord>(key, value));
  if (key_of(record) != key) return fail(Errc::corrupt_data, "{} holds the record of {}", key, record.definition.name);
  return record;
}

}  // namespace troupe::cluster
