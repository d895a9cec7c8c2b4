#pragma once
// What users write: `kind: Model` and `kind: Deployment`. docs/configuration.md is generated from these.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/units.hpp"
#include "runtime/config/schema.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe {

/// Of the Open Inference Protocol; BYTES is none that a warm-up request may have.
inline constexpr std::array dtype_names{
    config::EnumName<DType>{DType::boolean, "BOOL"}, config::EnumName<DType>{DType::u8, "UINT8"},
    config::EnumName<DType>{DType::u16, "UINT16"},   config::EnumName<DType>{DType::u32, "UINT32"},
    config::EnumName<DType>{DType::u64, "UINT64"},   config::EnumName<DType>{DType::i8, "INT8"},
    config::EnumName<DType>{DType::i16, "INT16"},    config::EnumName<DType>{DType::i32, "INT32"},
    config::EnumName<DType>{DType::i64, "INT64"},    config::EnumName<DType>{DType::f16, "FP16"},
    config::EnumName<DType>{DType::bf16, "BF16"},    config::EnumName<DType>{DType::f32, "FP32"},
    config::EnumName<DType>{DType::f64, "FP64"}};
inline auto names_of(DType) {
  return dtype_names;
}

}  // namespace troupe

namespace troupe::protocol {

inline constexpr std::array backend_names{config::EnumName<BackendKind>{BackendKind::native, "native"},
                                          config::EnumName<BackendKind>{BackendKind::echo, "echo"},
                                          config::EnumName<BackendKind>{BackendKind::python, "python"}};
inline auto names_of(BackendKind) {
  return backend_names;
}

void describe(config::Schema<WarmUpInput>& schema);
void describe(config::Schema<WarmUpSpec>& schema);

inline constexpr std::array isolation_names{config::EnumName<Isolation>{Isolation::process, "process"},
                                            config::EnumName<Isolation>{Isolation::thread, "thread"}};
inline auto names_of(Isolation) {
  return isolation_names;
}

inline constexpr std::array balancing_names{
    config::EnumName<BalancingPolicy>{BalancingPolicy::round_robin, "round_robin"},
    config::EnumName<BalancingPolicy>{BalancingPolicy::least_outstanding_of_two, "least_outstanding_of_two"}};
inline auto names_of(BalancingPolicy) {
  return balancing_names;
}

}  // namespace troupe::protocol

namespace troupe::cluster {

/// When the replicas of a deployment run.
enum class LoadPolicy : uint8_t {
  always = 1,
  on_demand = 2,  ///< From when somebody loads it until somebody unloads it.
};
inline constexpr std::array load_names{config::EnumName<LoadPolicy>{LoadPolicy::always, "always"},
                                       config::EnumName<LoadPolicy>{LoadPolicy::on_demand, "on_demand"}};
inline auto names_of(LoadPolicy) {
  return load_names;
}

/// A version to be put into the model store.
struct ModelDocument {
  std::string name;
  std::string version;
  std::string source;
  std::map<std::string, std::string> metadata;
};

/// Metadata that says how a version is run, where its deployment does not: the back end's name, and for Python its
/// entry.
inline constexpr const char* metadata_backend = "backend";
inline constexpr const char* metadata_entry = "entry";
void describe(config::Schema<ModelDocument>& schema);

/// What one replica takes from its node.
struct ResourcesDocument {
  double cpus = 0.5;
  std::optional<ByteCount> memory;  ///< Unset: memory_needed() of the version.
  uint32_t gpus = 0;
};
void describe(config::Schema<ResourcesDocument>& schema);

struct BatchingDocument {
  uint32_t max_size = 1;
  Duration max_delay{0};
  uint32_t max_queue = 256;
};
void describe(config::Schema<BatchingDocument>& schema);

struct EngineDocument {
  uint32_t max_sequences = 16;
  uint32_t max_step_tokens = 512;
  ByteCount kv_cache = 64_MiB;
  uint32_t threads = 1;
};
void describe(config::Schema<EngineDocument>& schema);

struct CacheDocument {
  bool enabled = false;
  Duration ttl = std::chrono::minutes{5};
};
void describe(config::Schema<CacheDocument>& schema);

struct EchoDocument {
  uint32_t slots = 1024;
  Duration delay{0};
};
void describe(config::Schema<EchoDocument>& schema);

/// The wish: so many replicas of this version, like this.
struct DeploymentDocument {
  std::string name;
  std::string model;  ///< "clerk@2"; for `backend: echo` the version is free to choose.
  uint32_t replicas = 1;
  std::optional<protocol::BackendKind> backend;  ///< Unset: what the version's metadata says, else native.
  protocol::Isolation isolation = protocol::Isolation::process;
  /// Share of the model's unpinned traffic. Unset: 1 for the model's first deployment, 0 for later ones, so that a new
  /// version gets traffic only when somebody says so.
  std::optional<double> weight;
  protocol::BalancingPolicy balancing = protocol::BalancingPolicy::least_outstanding_of_two;
  ResourcesDocument resources;
  BatchingDocument batching;
  EngineDocument engine;
  EchoDocument echo;
  CacheDocument cache;
  std::string entry;   ///< Of a back end in Python: "my_module:Class"; empty: what the version's metadata says.
  std::string python;  ///< Its interpreter; empty: the node makes an environment of the version's requirements.txt.
  std::map<std::string, std::string> settings;  ///< Its own, handed to its class.
  LoadPolicy load = LoadPolicy::always;
  std::vector<protocol::WarmUpSpec> warm_up;
};
void describe(config::Schema<DeploymentDocument>& schema);

/// "my_module:Class", "package.module:function".
bool is_python_entry(const std::string& text);

}  // namespace troupe::cluster
