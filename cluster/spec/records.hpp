#pragma once
// What the head keeps in the StateStore, as MessagePack with a schema version in front.

#include <string>
#include <tuple>

#include "cluster/spec/documents.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::cluster {

/// Written under "deployment/NAME".
struct DeploymentRecord {
  uint32_t schema = 1;
  std::string name;
  std::string model;
  std::string version;
  uint32_t replicas = 1;
  protocol::BackendKind backend = protocol::BackendKind::native;
  double weight = 1;
  protocol::BalancingPolicy balancing = protocol::BalancingPolicy::least_outstanding_of_two;
  protocol::Resources resources;
  protocol::BatchingSpec batching;
  protocol::EngineSpec engine;
  protocol::CacheSpec cache;
  int64_t created_unix_us = 0;
  protocol::Isolation isolation = protocol::Isolation::process;
  protocol::EchoSpec echo;
  std::string entry;  ///< Of a back end in Python, as the two below.
  std::string python;
  std::map<std::string, std::string> settings;
  LoadPolicy load = LoadPolicy::always;
  bool is_loaded = true;  ///< Of one that loads on demand: whether it was asked for last; of others always.
  std::vector<protocol::WarmUpSpec> warm_up;

  /// How many shall run now.
  uint32_t replicas_wished() const { return is_loaded ? replicas : 0; }

  bool operator==(const DeploymentRecord&) const = default;
  static constexpr auto fields() {
    using D = DeploymentRecord;
    return std::tuple{
        &D::schema,    &D::name,      &D::model,    &D::version,  &D::replicas, &D::backend,         &D::weight,
        &D::balancing, &D::resources, &D::batching, &D::engine,   &D::cache,    &D::created_unix_us, &D::isolation,
        &D::echo,      &D::entry,     &D::python,   &D::settings, &D::load,     &D::is_loaded,       &D::warm_up};
  }
};

/// Written under "cluster": who this cluster is and which term its last head had.
struct ClusterRecord {
  uint32_t schema = 1;
  std::string id;
  Epoch epoch;

  static constexpr auto fields() {
    return std::tuple{&ClusterRecord::schema, &ClusterRecord::id, &ClusterRecord::epoch};
  }
};

inline constexpr std::string_view deployment_prefix = "deployment/";
inline constexpr std::string_view cluster_key = "cluster";

/// What a replica takes of memory where nobody says it: the files of its version once, the key-value cache of a native
/// engine, and 64 MiB for its process; 256 MiB at least.
ByteCount memory_needed(protocol::BackendKind backend, ByteCount files, ByteCount kv_cache);
/// As above, of a version with this `metadata` and the engine's default settings.
ByteCount memory_needed(const std::map<std::string, std::string>& metadata, ByteCount files);

/// Requires a document that bind() accepted. `weight`, and of the version's `metadata` back end and entry, stand in
/// where the document has none; `files` is what its files have. Errors: corrupt_data where the metadata names no back
/// end of ours.
Result<DeploymentRecord> to_record(const DeploymentDocument& document, double weight, int64_t created_unix_us,
                                   const std::map<std::string, std::string>& metadata, ByteCount files = {});

std::string encode(const DeploymentRecord& record);
std::string encode(const ClusterRecord& record);
/// corrupt_data names the key; failed_precondition where a newer Troupe wrote it.
Result<DeploymentRecord> decode_deployment(const std::string& key, const std::string& value);
Result<ClusterRecord> decode_cluster(const std::string& value);

}  // namespace troupe::cluster
