#pragma once
// What head, gateways and workers tell each other. Control lane; never on the request path.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/dtype.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/protocol/experiments.hpp"
#include "runtime/protocol/message_type.hpp"
#include "runtime/protocol/model_interface.hpp"

namespace troupe::protocol {

/// A set of what a node does.
struct Roles {
  bool head = false;
  bool gateway = false;
  bool worker = false;
  bool operator==(const Roles&) const = default;
  static constexpr auto fields() { return std::tuple{&Roles::head, &Roles::gateway, &Roles::worker}; }
};

/// What a node offers or a replica takes.
struct Resources {
  uint32_t cpu_millis = 0;  ///< Thousandths of a CPU.
  uint64_t memory_bytes = 0;
  uint32_t gpus = 0;
  bool operator==(const Resources&) const = default;
  static constexpr auto fields() {
    return std::tuple{&Resources::cpu_millis, &Resources::memory_bytes, &Resources::gpus};
  }
};

/// Where a node is reached. Bus addresses are ZeroMQ endpoints ("tcp://127.0.0.1:7420"), the others URLs; empty = none.
struct NodeAddresses {
  std::string control;
  std::string request;
  std::string http;  ///< The gateway's door.
  std::string zmq;   ///< The gateway's ZeroMQ door.
  std::string metrics;
  std::string admin;    ///< Dashboard and admin API (head).
  std::string zmq_key;  ///< Public key of the ZeroMQ door, Z85; empty = it does not encrypt.
  std::string bulk{};   ///< Bus endpoint for model files.
  std::string grpc{};   ///< The gateway's gRPC door: "grpc://127.0.0.1:8001", or "grpcs://…".
  bool operator==(const NodeAddresses&) const = default;
  static constexpr auto fields() {
    return std::tuple{&NodeAddresses::control, &NodeAddresses::request, &NodeAddresses::http,
                      &NodeAddresses::zmq,     &NodeAddresses::metrics, &NodeAddresses::admin,
                      &NodeAddresses::zmq_key, &NodeAddresses::bulk,    &NodeAddresses::grpc};
  }
};

struct NodeInfo {
  NodeId id;
  Incarnation incarnation;
  std::string name;
  Roles roles;
  Resources resources;
  NodeAddresses addresses;
  std::string software;  ///< Troupe's version.
  uint32_t pid = 0;
  std::string public_key;  ///< By which it proves who it is; Z85.
  bool operator==(const NodeInfo&) const = default;
  static constexpr auto fields() {
    return std::tuple{&NodeInfo::id,       &NodeInfo::incarnation, &NodeInfo::name,
                      &NodeInfo::roles,    &NodeInfo::resources,   &NodeInfo::addresses,
                      &NodeInfo::software, &NodeInfo::pid,         &NodeInfo::public_key};
  }
};

/// First message on a connection, both ways: who is there. Lets a node that knows only an address find the head's id.
struct Hello {
  static constexpr auto message_type = MessageType::hello;
  NodeId node;
  Incarnation incarnation;
  std::string control;  ///< Bus endpoints of the sender.
  std::string request;
  std::string bulk{};
  bool operator==(const Hello&) const = default;
  static constexpr auto fields() {
    return std::tuple{&Hello::node, &Hello::incarnation, &Hello::control, &Hello::request, &Hello::bulk};
  }
};

enum class ReplicaState : uint8_t {
  pending = 1,   ///< Assigned, not begun.
  loading = 2,   ///< Files are verified and weights mapped.
  warming = 3,   ///< First real step.
  ready = 4,     ///< Takes requests.
  draining = 5,  ///< Finishes what it has.
  stopped = 6,
  backing_off = 7,  ///< Failed; tries again later.
  failed = 8,       ///< Gave up; the reason stands beside it.
  fetching = 9,     ///< Its files come from another node; the reason says how far they are.
};

/// "ready", "loading", …
std::string_view to_string(ReplicaState state) noexcept;

enum class BackendKind : uint8_t { native = 1, echo = 2, python = 3 };

struct BatchingSpec {
  uint32_t size_max = 1;     ///< Requests a batch at most.
  Duration delay_max{0};     ///< How long the oldest may wait for company; 0 adds nothing.
  uint32_t queue_max = 256;  ///< Requests that wait at most; more are refused as overloaded.
  bool operator==(const BatchingSpec&) const = default;
  static constexpr auto fields() {
    return std::tuple{&BatchingSpec::size_max, &BatchingSpec::delay_max, &BatchingSpec::queue_max};
  }
};

/// Settings of the native engine; others ignore them.
struct EngineSpec {
  uint32_t sequences_max = 16;
  uint32_t step_tokens_max = 512;
  uint64_t kv_cache_bytes = 64ULL << 20;
  uint32_t threads = 1;
  bool operator==(const EngineSpec&) const = default;
  static constexpr auto fields() {
    return std::tuple{&EngineSpec::sequences_max, &EngineSpec::step_tokens_max, &EngineSpec::kv_cache_bytes,
                      &EngineSpec::threads};
  }
};

/// Settings of the echo back end; others ignore them. A replica answers slots / delay requests a second.
struct EchoSpec {
  uint32_t slots = 1024;  ///< Requests inside at once.
  Duration delay{0};      ///< From a request's start to its last part; waiting, not computing.
  bool operator==(const EchoSpec&) const = default;
  static constexpr auto fields() { return std::tuple{&EchoSpec::slots, &EchoSpec::delay}; }
};

/// Where a back end runs: in a child process of the node, or on a thread of it.
enum class Isolation : uint8_t { process = 1, thread = 2 };

struct WarmUpInput {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  std::vector<double> data;  ///< Row by row; empty: zeros.
  bool operator==(const WarmUpInput&) const = default;
  static constexpr auto fields() {
    return std::tuple{&WarmUpInput::name, &WarmUpInput::dtype, &WarmUpInput::shape, &WarmUpInput::data};
  }
};

/// A request that a replica must answer before it is ready: a prompt, a text to embed, or tensors.
struct WarmUpSpec {
  std::string prompt;
  uint32_t max_tokens = 8;  ///< Of the answer to the prompt.
  std::string embed;
  std::vector<WarmUpInput> inputs;
  bool operator==(const WarmUpSpec&) const = default;
  static constexpr auto fields() {
    return std::tuple{&WarmUpSpec::prompt, &WarmUpSpec::max_tokens, &WarmUpSpec::embed, &WarmUpSpec::inputs};
  }
};

/// Everything a worker must know to run one replica.
struct ReplicaSpec {
  ReplicaId id;
  std::string deployment;
  uint64_t generation = 0;  ///< Revision of the deployment when the replica was placed; says nothing of its settings.
  std::string model;
  std::string version;
  std::string folder;  ///< The version's directory in the head's model store; empty for back ends without files. To a
                       ///< back end: where the files are on its node.
  BackendKind backend = BackendKind::native;
  Resources resources;
  BatchingSpec batching;
  EngineSpec engine;
  Isolation isolation = Isolation::process;
  std::string entry;  ///< "module:Class" of a back end in Python; empty for others.
  EchoSpec echo;
  std::string python;  ///< Interpreter of a back end in Python; empty = one of an environment that the node makes.
  std::map<std::string, std::string> settings;  ///< Of a back end in Python: its own.
  std::string digest{};  ///< Of the version's files (storage::ModelManifest::digest()); empty where there are none.
  std::vector<WarmUpSpec> warm_up{};  ///< What it must answer, one after the other, before it is ready.
  bool operator==(const ReplicaSpec&) const = default;
  static constexpr auto fields() {
    return std::tuple{&ReplicaSpec::id,      &ReplicaSpec::deployment, &ReplicaSpec::generation,
                      &ReplicaSpec::model,   &ReplicaSpec::version,    &ReplicaSpec::folder,
                      &ReplicaSpec::backend, &ReplicaSpec::resources,  &ReplicaSpec::batching,
                      &ReplicaSpec::engine,  &ReplicaSpec::isolation,  &ReplicaSpec::entry,
                      &ReplicaSpec::echo,    &ReplicaSpec::python,     &ReplicaSpec::settings,
                      &ReplicaSpec::digest,  &ReplicaSpec::warm_up};
  }
};

struct ReplicaStatus {
  ReplicaId id;
  std::string deployment;
  std::string model;
  std::string version;
  ReplicaState state = ReplicaState::pending;
  std::string reason;  ///< Why it failed last, also while it starts again; while it fetches, how far it is; empty once
                       ///< it is ready.
  uint32_t restarts = 0;
  uint64_t requests = 0;  ///< Answered since it is ready.
  uint32_t waiting = 0;
  uint32_t running = 0;
  ModelInterface interface {};  ///< Known since it was ready first.
  uint64_t memory_bytes = 0;    ///< Resident, of the process of its back end; 0 = unknown, or it has none of its own.
  bool operator==(const ReplicaStatus&) const = default;
  static constexpr auto fields() {
    return std::tuple{&ReplicaStatus::id,       &ReplicaStatus::deployment, &ReplicaStatus::model,
                      &ReplicaStatus::version,  &ReplicaStatus::state,      &ReplicaStatus::reason,
                      &ReplicaStatus::restarts, &ReplicaStatus::requests,   &ReplicaStatus::waiting,
                      &ReplicaStatus::running,  &ReplicaStatus::interface,  &ReplicaStatus::memory_bytes};
  }
};

enum class ActorKind : uint8_t {
  actor = 1,
  supervisor = 2,  ///< No actor: it starts its children again.
  back_end = 3,    ///< Under its worker: a process, or a thread.
};

std::string_view to_string(ActorKind kind) noexcept;

/// One row of `troupe actors`.
struct ActorHealth {
  std::string path;
  std::string state;  ///< "running", "restarting", "failed"; of back ends that of a replica
  uint32_t restarts = 0;
  uint64_t queue_depth = 0;
  uint64_t handled = 0;
  uint64_t handling_us_p50 = 0;
  uint64_t handling_us_p99 = 0;
  std::string last_error;
  int64_t since_unix_us = 0;
  std::string parent{};  ///< Path of its supervisor; of a back end, its worker; "node" where there is none above.
  ActorKind kind = ActorKind::actor;
  uint32_t pid = 0;                           ///< Of a back end in a process of its own; 0 = none.
  std::optional<uint64_t> progress_age_ms{};  ///< Since a back end last showed that it gets on; none: it does not run.
  bool operator==(const ActorHealth&) const = default;
  static constexpr auto fields() {
    return std::tuple{&ActorHealth::path,
                      &ActorHealth::state,
                      &ActorHealth::restarts,
                      &ActorHealth::queue_depth,
                      &ActorHealth::handled,
                      &ActorHealth::handling_us_p50,
                      &ActorHealth::handling_us_p99,
                      &ActorHealth::last_error,
                      &ActorHealth::since_unix_us,
                      &ActorHealth::parent,
                      &ActorHealth::kind,
                      &ActorHealth::pid,
                      &ActorHealth::progress_age_ms};
  }
};

/// Agent -> head, as a request: let me in, or: I am still here after your restart.
struct JoinRequest {
  static constexpr auto message_type = MessageType::join_request;
  NodeInfo node;
  std::vector<ReplicaSpec> running;  ///< What this node runs already; the head adopts it.
  std::string token{};               ///< Join token; needed while the node's key is not on the allow-list.
  Epoch member_of{};                 ///< In which this incarnation has joined last; 0 = in none yet.
  bool operator==(const JoinRequest&) const = default;
  static constexpr auto fields() {
    return std::tuple{&JoinRequest::node, &JoinRequest::running, &JoinRequest::token, &JoinRequest::member_of};
  }
};

struct JoinReply {
  static constexpr auto message_type = MessageType::join_reply;
  Epoch epoch;
  std::string cluster;  ///< The cluster's id.
  Duration heartbeat_interval{0};
  bool declared_down = false;  ///< Not let in: this incarnation is over. Drop its work, take a new one, join again.
  bool operator==(const JoinReply&) const = default;
  static constexpr auto fields() {
    return std::tuple{&JoinReply::epoch, &JoinReply::cluster, &JoinReply::heartbeat_interval,
                      &JoinReply::declared_down};
  }
};

/// Agent -> head, as a request, at every interval and at once when a replica changes state.
struct Heartbeat {
  static constexpr auto message_type = MessageType::heartbeat;
  NodeId node;
  Incarnation incarnation;
  Epoch epoch;
  uint64_t assignment_revision = 0;  ///< Newest taken; the head sends again what is missing.
  uint64_t routing_revision = 0;
  std::vector<ReplicaStatus> replicas;
  std::vector<ActorHealth> actors;  ///< Empty on most beats.
  bool draining = false;            ///< It is about to stop: place its replicas elsewhere.
  uint64_t peers_revision = 0;      ///< Newest allow-list taken.
  bool operator==(const Heartbeat&) const = default;
  static constexpr auto fields() {
    return std::tuple{&Heartbeat::node,
                      &Heartbeat::incarnation,
                      &Heartbeat::epoch,
                      &Heartbeat::assignment_revision,
                      &Heartbeat::routing_revision,
                      &Heartbeat::replicas,
                      &Heartbeat::actors,
                      &Heartbeat::draining,
                      &Heartbeat::peers_revision};
  }
};

/// The answer. `member` false: you are not (or no longer) a member, join again.
struct HeartbeatAck {
  static constexpr auto message_type = MessageType::heartbeat_ack;
  Epoch epoch;
  bool member = false;
  bool weights_hold = false;  ///< To a gateway: it has the newest routes, and may go by their weights for a lease more.
  bool operator==(const HeartbeatAck&) const = default;
  static constexpr auto fields() {
    return std::tuple{&HeartbeatAck::epoch, &HeartbeatAck::member, &HeartbeatAck::weights_hold};
  }
};

/// Head -> agent: all the replicas this node shall run; what is not listed is drained and stopped.
struct Assignment {
  static constexpr auto message_type = MessageType::assignment;
  Epoch epoch;
  uint64_t revision = 0;
  std::vector<ReplicaSpec> replicas;
  bool operator==(const Assignment&) const = default;
  static constexpr auto fields() {
    return std::tuple{&Assignment::epoch, &Assignment::revision, &Assignment::replicas};
  }
};

struct CacheSpec {
  bool enabled = false;
  Duration ttl{std::chrono::minutes{5}};
  bool operator==(const CacheSpec&) const = default;
  static constexpr auto fields() { return std::tuple{&CacheSpec::enabled, &CacheSpec::ttl}; }
};

enum class BalancingPolicy : uint8_t { round_robin = 1, least_outstanding_of_two = 2 };

struct RoutedReplica {
  ReplicaId id;
  NodeId node;
  bool operator==(const RoutedReplica&) const = default;
  static constexpr auto fields() { return std::tuple{&RoutedReplica::id, &RoutedReplica::node}; }
};

/// One deployment as gateways see it: a version that can answer, and its share of unpinned traffic.
struct Route {
  std::string deployment;
  std::string version;
  double weight = 0;  ///< >= 0; shares are weight / sum of weights of the model's routes.
  BalancingPolicy balancing = BalancingPolicy::least_outstanding_of_two;
  CacheSpec cache;
  BackendKind backend = BackendKind::native;
  std::vector<RoutedReplica> replicas;  ///< Ready ones only.
  uint32_t coming = 0;                  ///< Replicas that load: requests may wait for them.
  ModelInterface interface {};          ///< As a replica declares it; not declared until the first is warm.
  bool unloaded = false;  ///< It loads on demand, and nobody has asked for it: no replica comes by itself.
  bool operator==(const Route&) const = default;
  static constexpr auto fields() {
    return std::tuple{&Route::deployment, &Route::version,  &Route::weight, &Route::balancing, &Route::cache,
                      &Route::backend,    &Route::replicas, &Route::coming, &Route::interface, &Route::unloaded};
  }
};

struct RoutedModel {
  std::string name;
  std::vector<Route> routes;
  int64_t created_unix_s = 0;
  std::string stable{};  ///< Deployment that takes all unpinned traffic once weights hold no longer; empty = none.
  std::map<std::string, std::string> labels{};  ///< Of versions: "canary" -> "3"; no label is a version's name.
  std::vector<RoutedExperiment> experiments{};  ///< Those that run: they decide before weights do.
  bool operator==(const RoutedModel&) const = default;
  static constexpr auto fields() {
    return std::tuple{&RoutedModel::name,   &RoutedModel::routes, &RoutedModel::created_unix_s,
                      &RoutedModel::stable, &RoutedModel::labels, &RoutedModel::experiments};
  }
};

/// Where a node is reached by gateways.
struct RoutedNode {
  NodeId id;
  Incarnation incarnation;
  std::string control;
  std::string request;
  std::string public_key{};  ///< That it must prove to have where it is called.
  std::string bulk{};
  bool operator==(const RoutedNode&) const = default;
  static constexpr auto fields() {
    return std::tuple{&RoutedNode::id,      &RoutedNode::incarnation, &RoutedNode::control,
                      &RoutedNode::request, &RoutedNode::public_key,  &RoutedNode::bulk};
  }
};

/// A gateway that keeps answers to requests with idempotency keys, as long as it may come back with them.
struct RoutedGateway {
  NodeId node;
  int64_t since_unix_us = 0;  ///< When it came: before that, others kept what it keeps now.
  bool operator==(const RoutedGateway&) const = default;
  static constexpr auto fields() { return std::tuple{&RoutedGateway::node, &RoutedGateway::since_unix_us}; }
};

/// Head -> gateways (through their agents): everything routing needs.
/// Who keeps events: of slot i where bit i is set.
struct RoutedShard {
  NodeId node;
  uint64_t slots = 0;
  bool operator==(const RoutedShard&) const = default;
  static constexpr auto fields() { return std::tuple{&RoutedShard::node, &RoutedShard::slots}; }
};

struct RoutingSnapshot {
  static constexpr auto message_type = MessageType::routing_snapshot;
  Epoch epoch;
  uint64_t revision = 0;
  std::vector<RoutedModel> models;
  std::vector<RoutedNode> nodes;  ///< Workers, gateways and shards.
  std::vector<RoutedGateway> gateways{};
  std::vector<RoutedShard> shards{};
  bool operator==(const RoutingSnapshot&) const = default;
  static constexpr auto fields() {
    return std::tuple{&RoutingSnapshot::epoch, &RoutingSnapshot::revision, &RoutingSnapshot::models,
                      &RoutingSnapshot::nodes, &RoutingSnapshot::gateways, &RoutingSnapshot::shards};
  }
};

/// Head -> gateways: what changed since revision `base`. A gateway that has another one ignores it; its next heartbeat
/// says so, and the whole comes.
struct RoutingDelta {
  static constexpr auto message_type = MessageType::routing_delta;
  Epoch epoch;
  uint64_t base = 0;
  uint64_t revision = 0;
  std::vector<RoutedModel> models;  ///< New or changed, each whole.
  std::vector<std::string> removed_models;
  std::vector<RoutedNode> nodes;
  std::vector<NodeId> removed_nodes;
  std::optional<std::vector<RoutedGateway>> gateways{};  ///< All of them, where they changed.
  std::optional<std::vector<RoutedShard>> shards{};      ///< Likewise.
  bool operator==(const RoutingDelta&) const = default;
  static constexpr auto fields() {
    return std::tuple{&RoutingDelta::epoch,         &RoutingDelta::base,           &RoutingDelta::revision,
                      &RoutingDelta::models,        &RoutingDelta::removed_models, &RoutingDelta::nodes,
                      &RoutingDelta::removed_nodes, &RoutingDelta::gateways,       &RoutingDelta::shards};
  }
};

/// A node that may connect, and the key by which it proves who it is.
struct PeerKey {
  NodeId node;
  std::string public_key;
  bool operator==(const PeerKey&) const = default;
  static constexpr auto fields() { return std::tuple{&PeerKey::node, &PeerKey::public_key}; }
};

/// Head -> agents: the allow-list, whole. Nobody else may connect to a node.
struct Peers {
  static constexpr auto message_type = MessageType::peers;
  Epoch epoch;
  uint64_t revision = 0;
  std::vector<PeerKey> peers;  ///< The head's own among them; a node whose keys are being exchanged is there twice.
  bool operator==(const Peers&) const = default;
  static constexpr auto fields() { return std::tuple{&Peers::epoch, &Peers::revision, &Peers::peers}; }
};

/// Agent -> head, as a request: this node stops now and has drained. Answered by a HeartbeatAck: no member any more.
struct Leave {
  static constexpr auto message_type = MessageType::leave;
  NodeId node;
  Incarnation incarnation;
  bool operator==(const Leave&) const = default;
  static constexpr auto fields() { return std::tuple{&Leave::node, &Leave::incarnation}; }
};

}  // namespace troupe::protocol
