#include "cluster/spec/records.hpp"

#include <cmath>

#include "cluster/spec/decode_record.hpp"
#include "runtime/wire/schema.hpp"
#include "storage/model_ref.hpp"

namespace troupe::cluster {
namespace {

std::string value_of(const std::map<std::string, std::string>& metadata, const char* key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string{} : found->second;
}

Result<protocol::BackendKind> backend_of(const std::map<std::string, std::string>& metadata) {
  const std::string name = value_of(metadata, metadata_backend);
  if (name.empty()) return protocol::BackendKind::native;
  for (const auto& known : protocol::backend_names)
    if (known.name == name) return known.value;
  return fail(Errc::corrupt_data, "the version was stored for a back end '{}', which this version of Troupe has not",
              name);
}

}  // namespace

ByteCount memory_needed(protocol::BackendKind backend, ByteCount files, ByteCount kv_cache) {
  constexpr ByteCount own = 64_MiB;
  constexpr ByteCount least = 256_MiB;
  // An echo has no files, whatever is stored under its name.
  if (backend == protocol::BackendKind::echo) return least;
  const uint64_t cache = backend == protocol::BackendKind::native ? kv_cache.value : 0;
  return std::max(least, ByteCount{files.value + cache + own.value});
}

ByteCount memory_needed(const std::map<std::string, std::string>& metadata, ByteCount files) {
  return memory_needed(backend_of(metadata).value_or(protocol::BackendKind::native), files, EngineDocument{}.kv_cache);
}

Result<DeploymentRecord> to_record(const DeploymentDocument& document, double weight, int64_t created_unix_us,
                                   const std::map<std::string, std::string>& metadata, ByteCount files) {
  const storage::ModelRef model = storage::parse_model_ref(document.model).value();
  DeploymentRecord record;
  record.name = document.name;
  record.model = model.name;
  record.version = model.version;
  record.replicas = document.replicas;
  if (document.backend) {
    record.backend = *document.backend;
  } else {
    TROUPE_TRY(record.backend, backend_of(metadata));
  }
  record.weight = document.weight.value_or(weight);
  record.balancing = document.balancing;
  const ByteCount memory =
      document.resources.memory.value_or(memory_needed(record.backend, files, document.engine.kv_cache));
  record.resources = {static_cast<uint32_t>(std::lround(document.resources.cpus * 1000)), memory.value,
                      document.resources.gpus};
  record.batching = {document.batching.max_size, document.batching.max_delay, document.batching.max_queue};
  record.engine = {document.engine.max_sequences, document.engine.max_step_tokens, document.engine.kv_cache.value,
                   document.engine.threads};
  record.cache = {document.cache.enabled, document.cache.ttl};
  record.created_unix_us = created_unix_us;
  record.isolation = document.isolation;
  record.echo = {document.echo.slots, document.echo.delay};
  record.entry = document.entry;
  if (record.entry.empty() && record.backend == protocol::BackendKind::python)
    record.entry = value_of(metadata, metadata_entry);
  record.python = document.python;
  record.settings = document.settings;
  record.warm_up = document.warm_up;
  record.load = document.load;
  record.is_loaded = record.load == LoadPolicy::always;
  return record;
}

std::string encode(const DeploymentRecord& record) {
  return std::string(wire::encode_body(record).data.view());
}
std::string encode(const ClusterRecord& record) {
  return std::string(wire::encode_body(record).data.view());
}

Result<DeploymentRecord> decode_deployment(const std::string& key, const std::string& value) {
  return decode_record<DeploymentRecord>(key, value);
}
Result<ClusterRecord> decode_cluster(const std::string& value) {
  return decode_record<ClusterRecord>(cluster_key, value);
}

}  // namespace troupe::cluster
