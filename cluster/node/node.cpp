#include "cluster/node/node.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <mutex>
#include <thread>

#include "cluster/agent/agent_actor.hpp"
#include "cluster/agent/fetch_actor.hpp"
#include "cluster/agent/log_actor.hpp"
#include "cluster/agent/model_source_actor.hpp"
#include "cluster/node/door_metrics.hpp"
#include "cluster/node/gateway_parts.hpp"
#include "cluster/node/head_parts.hpp"
#include "cluster/node/identity.hpp"
#include "cluster/node/key_actor.hpp"
#include "cluster/node/python.hpp"
#include "cluster/node/tls_identity.hpp"
#include "cluster/node/version.hpp"
#include "cluster/spec/join_token.hpp"
#include "runtime/bus/zmq/zmq_transport.hpp"
#include "runtime/protocol/authority.hpp"
#include "runtime/protocol/paths.hpp"

namespace troupe::cluster {
namespace {

using observe::kv;

constexpr Duration join_patience = std::chrono::seconds{15};
constexpr ByteCount recent_log_bytes_max = 1_MiB;

std::string host_and_port(const std::string& endpoint) {
  return endpoint.substr(endpoint.rfind('/') + 1);
}

/// Each connection takes descriptors, on the bus up to four; the soft limit of a shell is meant for shells.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

/// Members are in the order of their making; destruction undoes it.
class NodeImpl final : public Node {
 public:
  explicit NodeImpl(NodeOptions options) : options_(std::move(options)) {}
  ~NodeImpl() override { halt(); }

  Status start();
  const NodeFile& file() const override { return file_; }
  void stop() override;
  Status outcome() const override {
    const std::lock_guard lock(outcome_mutex_);
    return outcome_;
  }

 private:
  Status load_keys();
  void receive(bus::Lane lane, wire::Message message);
  void end(const Error& reason);
  Status open_transport();
  Status open_metrics_door();
  Status open_worker();
  Status open_models();
  Status open_logs();
  Status open_keys();
  void die(const Error& reason);
  Status join();
  void halt();

  NodeOptions options_;
  SystemClock clock_;
  std::shared_ptr<observe::LogSink> sink_;
  observe::Logger log_;
  observe::Metrics metrics_{{.version = software_version}};
  NodeId id_;
  Incarnation incarnation_;
  bus::CurveKeys keys_;
  std::string head_key_;                ///< Public key of the head.
  std::atomic<uint64_t> head_node_{0};  ///< Its id, once it is found.
  mutable std::mutex outcome_mutex_;
  Status outcome_;
  std::shared_ptr<http::TlsCertificate> certificate_;  ///< Of the HTTP doors; empty: in the clear.
  NodeFile file_;
  std::unique_ptr<bus::ZmqTransport> transport_;
  std::atomic<actor::Host*> receiver_{nullptr};  ///< For the transport's threads; set while the host may be used.
  std::shared_ptr<worker::ChildHost> children_;  ///< Empty where this node is no worker.
  std::unique_ptr<actor::Host> host_;
  actor::Ref agent_;
  std::unique_ptr<http::HttpServer> metrics_door_;
  HeadParts head_;
  GatewayParts gateway_;
};

Status NodeImpl::start() {
  TROUPE_CHECK(options_.validate());
  raise_descriptor_limit();
  std::error_code error;
  std::filesystem::create_directories(options_.data_dir, error);
  if (error) return fail(Errc::io_error, "cannot make the folder {}: {}", options_.data_dir.string(), error.message());
  // What goes to stderr is somebody else's; `troupe logs` is to have the end of it.
  if (options_.log.file.empty()) options_.log.recent_bytes_max = recent_log_bytes_max;
  TROUPE_TRY(sink_, observe::LogSink::open(options_.log, clock_));
  log_ = observe::Logger(sink_, "node");
  TROUPE_TRY(id_, load_or_create_node_id(options_.data_dir));
  TROUPE_CHECK(load_keys());
  TROUPE_TRY(certificate_, load_certificate(options_, clock_.wall(), log_));
  incarnation_.value = static_cast<uint64_t>(unix_microseconds(clock_.wall()));
  if (options_.resources.cpu_millis == 0) options_.resources.cpu_millis = machine_resources().cpu_millis;
  if (options_.resources.memory_bytes == 0) options_.resources.memory_bytes = machine_resources().memory_bytes;

  TROUPE_CHECK(open_transport());
  const unsigned cpus = std::max(1u, std::thread::hardware_concurrency());
  const unsigned threads = options_.scheduler_threads > 0 ? options_.scheduler_threads : std::clamp(cpus, 2u, 8u);
  host_ = actor::Host::make({id_, incarnation_, {}}, clock_, actor::make_caf_executor(threads), transport_.get());
  TROUPE_CHECK(host_->supervise(std::string(protocol::control_plane_path), {}));
  receiver_ = host_.get();
  transport_->start([this](bus::Lane lane, wire::Message message) { receive(lane, std::move(message)); });

  file_.name = options_.name;
  file_.id = id_.str();
  file_.pid = static_cast<uint32_t>(::getpid());
  file_.roles = options_.roles;
  file_.addresses.control = transport_->self().control;
  file_.addresses.request = transport_->self().request;
  file_.addresses.bulk = transport_->self().bulk;
  file_.head_address = options_.roles.head ? host_and_port(transport_->self().control) : options_.head_address;
  file_.host = options_.host;
  file_.insecure = options_.insecure;
  if (certificate_) {
    file_.ca_file = ca_file_of(*certificate_);
    file_.tls_certificate = std::filesystem::absolute(certificate_->files().certificate).string();
    file_.tls_key = std::filesystem::absolute(certificate_->files().key).string();
  }
  if (options_.roles.head) {
    TROUPE_TRY(head_, start_head(options_, head_key_, certificate_, *host_, *transport_, clock_, metrics_, log_,
                                 [this](const Error& reason) { die(reason); }));
    file_.addresses.admin = head_.admin->url();
  }
  if (options_.roles.gateway) {
    TROUPE_TRY(gateway_, start_gateway(options_, certificate_, *host_, *transport_, clock_, metrics_, log_));
    file_.addresses.http = gateway_.http->url();
    file_.addresses.grpc = gateway_.grpc->url();
    file_.addresses.zmq = gateway_.zmq->endpoint();
    file_.addresses.zmq_key = gateway_.zmq_key;
  }
  if (options_.roles.worker) TROUPE_CHECK(open_worker());
  if (options_.roles.worker || options_.roles.head) TROUPE_CHECK(open_models());
  TROUPE_CHECK(open_logs());
  TROUPE_CHECK(open_metrics_door());
  TROUPE_CHECK(join());
  TROUPE_CHECK(write_node_file(options_.data_dir, file_));
  log_.info("node started", kv("name", options_.name), kv("id", id_), kv("control", file_.addresses.control));
  return {};
}

Status NodeImpl::load_keys() {
  TROUPE_TRY(keys_, load_or_create_node_keys(options_.data_dir));
  if (options_.roles.head) {
    head_key_ = keys_.public_key;
    return {};
  }
  if (options_.token.empty()) {
    TROUPE_TRY(head_key_, load_head_key(options_.data_dir));
    if (head_key_.empty())
      return fail(
          Error{Errc::unauthenticated,
                "this node has joined no cluster yet and has no join token; copy the command that `troupe start "
                "--head` or `troupe token create` prints, or say --token-file",
                "--token",
                {}});
    return {};
  }
  auto token = parse_join_token(options_.token);
  if (!token) return fail_field("--token", "{}", token.error().message);
  head_key_ = std::move(token->head_key);
  return {};
}

void NodeImpl::receive(bus::Lane lane, wire::Message message) {
  const wire::Envelope& envelope = message.envelope;
  if (protocol::is_for_the_head_to_say(envelope) &&
      envelope.source_node.value != head_node_.load(std::memory_order_relaxed)) {
    log_.warn("dropped what only the head may say", kv("from", envelope.source_node), kv("to", envelope.target_path),
              kv("type", envelope.message_type));
    return;
  }
  host_->receive(lane, std::move(message));
}

/// This node was put out of the cluster.
void NodeImpl::end(const Error& reason) {
  log_.error("this node ends", kv("reason", reason.message));
  {
    const std::lock_guard lock(outcome_mutex_);
    if (!outcome_) return;
    outcome_ = fail(reason);
  }
  if (options_.on_end) options_.on_end();
}

Status NodeImpl::open_transport() {
  bus::ZmqTransportOptions bus;
  bus.host = options_.host;
  bus.control_port = options_.ports.bus;
  bus.control_port_option = "--port";
  bus.keys = keys_;
  bus.discover_key = head_key_;
  if (options_.roles.head) bus.guest_requests = {static_cast<uint16_t>(protocol::MessageType::join_request)};
  bus.on_disconnect = [this](NodeId node) {
    if (actor::Host* host = receiver_.load()) host->peer_lost(node);
  };
  bus.on_defect = [log = log_.with_component("bus")](const std::string& what) {
    log.warn("dropped", kv("what", what));
  };
  TROUPE_TRY(transport_, bus::make_zmq_transport(id_, incarnation_, std::move(bus)));
  return {};
}

Status NodeImpl::open_metrics_door() {
  http::HttpOptions door;
  door.host = certificate_ ? options_.host : options_.clear_host();
  door.tls = certificate_;
  door.port = options_.ports.metrics;
  door.port_option = "--metrics-port";
  door.on_cut = count_http_cuts(metrics_, "metrics");
  door.io_threads = 1;
  const http::Handler handler = [this](const http::HttpRequest& request,
                                       const std::shared_ptr<http::HttpResponder>& responder) {
    if (request.path() == "/metrics") {
      responder->respond(200, "text/plain; version=0.0.4", metrics_.expose());
    } else {
      responder->respond(404, "text/plain", "there is only /metrics here\n");
    }
  };
  auto server = http::HttpServer::listen(door, clock_, handler);
  if (!server && door.port != 0) {
    // Several nodes share a machine; Prometheus learns the real port from the head.
    door.port = 0;
    server = http::HttpServer::listen(door, clock_, handler);
  }
  TROUPE_TRY(metrics_door_, std::move(server));
  file_.addresses.metrics = metrics_door_->url() + "/metrics";
  return {};
}

Status NodeImpl::open_worker() {
  worker::ChildHostOptions children;
  children.run_folder = options_.data_dir / "run";
  children.log_folder = options_.data_dir / replica_log_folder_name;
  children.program = [package = python_options(options_).package](const protocol::ReplicaSpec& spec) {
    if (spec.backend == protocol::BackendKind::python) return worker::python_program(spec, package);
    return worker::own_backend_program();
  };
  children.log = log_.with_component("worker");
  TROUPE_TRY(children_, worker::ChildHost::make(std::move(children), clock_));
  return {};
}

/// The files of models: for others, and on a worker for its own replicas.
Status NodeImpl::open_models() {
  const auto root = options_.models_folder();
  TROUPE_TRY(auto opened, storage::ModelStore::open(root));
  const auto store = std::make_shared<storage::ModelStore>(std::move(opened));
  const actor::SpawnOptions spawn{.placement = actor::Placement::own_thread,
                                  .lane = bus::Lane::bulk,
                                  .parent = std::string(protocol::control_plane_path),
                                  .escalates = false};
  const auto source =
      host_->spawn_actor<ModelSourceActor>(std::string(protocol::models_path), spawn, ModelSourceOptions{store});
  if (!source) return fail(source.error());
  if (!options_.roles.worker) return {};
  FetchActorOptions fetch;
  fetch.root = root;
  fetch.store = store;
  fetch.shared_root = std::filesystem::absolute(options_.data_dir).parent_path();
  fetch.is_store = options_.roles.head;
  fetch.is_mirror = !options_.model_store.empty();
  fetch.capacity = options_.model_cache.value > 0 ? options_.model_cache : default_model_cache(root);
  fetch.self = id_;
  fetch.add_peer = [transport = transport_.get()](const protocol::RoutedNode& node) {
    transport->add_peer({node.id, node.incarnation, node.control, node.request, node.bulk, node.public_key});
  };
  fetch.log = log_.with_component("fetcher");
  const auto fetcher = host_->spawn_actor<FetchActor>(std::string(protocol::fetcher_path), spawn, std::move(fetch));
  return fetcher ? Status{} : fail(fetcher.error());
}

Status NodeImpl::open_logs() {
  LogActorOptions logs;
  logs.replica_logs = options_.data_dir / replica_log_folder_name;
  logs.node_log = options_.log.file;
  logs.old_files_max = options_.log.old_files_max;
  logs.recent = [sink = sink_] { return sink->recent(); };
  const auto spawned = host_->spawn_actor<LogActor>(std::string(protocol::logs_path),
                                                    {.placement = actor::Placement::own_thread,
                                                     .lane = bus::Lane::control,
                                                     .parent = std::string(protocol::control_plane_path),
                                                     .escalates = false},
                                                    std::move(logs));
  return spawned ? Status{} : fail(spawned.error());
}

/// Others have pinned the head's key; it stays what it is.
Status NodeImpl::open_keys() {
  if (options_.roles.head) return {};
  KeyActorOptions keys;
  keys.data_dir = options_.data_dir;
  keys.head_control = "tcp://" + options_.head_address;
  keys.transport = transport_.get();
  keys.on_changed = [agent = agent_](const std::string& key) { static_cast<void>(agent.send(KeyChanged{key})); };
  keys.log = log_.with_component("agent");
  const auto spawned = host_->spawn_actor<KeyActor>(std::string(protocol::keys_path),
                                                    {.placement = actor::Placement::own_thread,
                                                     .lane = bus::Lane::control,
                                                     .parent = std::string(protocol::control_plane_path),
                                                     .escalates = false},
                                                    std::move(keys));
  return spawned ? Status{} : fail(spawned.error());
}

Status NodeImpl::join() {
  // Of the first join; touched by the agent alone once it runs.
  struct First {
    std::promise<Status> outcome;
    bool is_over = false;
  };
  const auto first = std::make_shared<First>();
  auto outcome = first->outcome.get_future();
  AgentOptions agent;
  agent.node = {
      id_,       incarnation_,    options_.name, options_.roles, options_.resources, file_.addresses, software_version,
      file_.pid, keys_.public_key};
  if (!options_.roles.worker) agent.node.resources = {};
  if (!options_.roles.head) agent.head_control = "tcp://" + options_.head_address;
  agent.drain_patience = options_.drain_patience;
  agent.token = options_.token;
  agent.transport = transport_.get();
  agent.on_head_found = [this](NodeId head) { head_node_ = head.value; };
  agent.backend = worker::make_backend(children_, clock_, python_options(options_));
  agent.log = log_.with_component("agent");
  if (!options_.roles.head)
    agent.on_peers = [this](const protocol::Peers& peers) {
      bus::AllowList list;
      for (const protocol::PeerKey& peer : peers.peers) list.admitted.push_back({peer.node, peer.public_key});
      transport_->admit(std::move(list));
    };
  agent.on_joined = [first] {
    first->is_over = true;
    first->outcome.set_value({});
  };
  agent.on_refused = [this, first](const Error& reason) {
    if (first->is_over) return end(reason);
    first->is_over = true;
    first->outcome.set_value(fail(reason));
  };
  TROUPE_TRY(agent_,
             host_->spawn_actor<AgentActor>(std::string(protocol::agent_path),
                                            vital([this](const Error& reason) { die(reason); }), std::move(agent)));
  TROUPE_CHECK(open_keys());
  if (outcome.wait_for(join_patience) == std::future_status::ready) {
    TROUPE_CHECK(outcome.get());
    return options_.roles.head ? Status{} : store_head_key(options_.data_dir, head_key_);
  }
  return fail(
      Errc::unavailable,
      "no head let this node join at {} within {}; is it running there (troupe start --head), and is the port right? "
      "The log has the details",
      options_.head_address, format_duration(join_patience));
}

/// Agent and head are the node's memory of what it runs and wants: without it the process must not go on.
void NodeImpl::die(const Error& reason) {
  log_.error("the node cannot go on", kv("reason", reason.message));
  std::abort();
}

void NodeImpl::stop() {
  log_.info("node drains", kv("patience", format_duration(options_.drain_patience)));
  // The gateway first: where no other node has room for the replicas, its last requests need those here.
  if (gateway_.gateway) {
    static_cast<void>(gateway_.gateway.send(gateway::Drain{}));
    if (!gateway_.routing->wait_until_closed(options_.drain_patience) ||
        !gateway_.in_flight->wait_until_empty(options_.drain_patience))
      log_.warn("requests are cut off", kv("count", gateway_.in_flight->size()));
  }
  if (agent_) {
    std::promise<void> drained;
    const Status asked = agent_.send(PrepareToStop{[&drained] { drained.set_value(); }});
    if (asked) drained.get_future().wait();
  }
  halt();
}

void NodeImpl::halt() {
  std::error_code ignored;
  if (file_.pid != 0) std::filesystem::remove(options_.data_dir / node_file_name, ignored);
  if (gateway_.http) gateway_.http->stop(std::chrono::seconds{1});
  if (gateway_.grpc) gateway_.grpc->stop(std::chrono::seconds{1});
  if (gateway_.zmq) gateway_.zmq->stop();
  if (head_.admin) head_.admin->stop(std::chrono::seconds{1});
  if (metrics_door_) metrics_door_->stop(Duration{0});
  if (host_) host_->stop_all();
  receiver_ = nullptr;
  children_.reset();
  if (transport_) transport_->stop();
  if (sink_) log_.info("node stopped");
}

}  // namespace

Result<std::unique_ptr<Node>> Node::start(NodeOptions options) {
  auto node = std::make_unique<NodeImpl>(std::move(options));
  TROUPE_CHECK(node->start());
  return node;
}

}  // namespace troupe::cluster
