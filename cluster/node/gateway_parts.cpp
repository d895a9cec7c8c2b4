#include "cluster/node/gateway_parts.hpp"

#include <thread>

#include "actors/balancer/balancer_actor.hpp"
#include "actors/cache_shard/cache_shard_actor.hpp"
#include "actors/experiment/shard/log_recorder.hpp"
#include "actors/experiment/shard/shard_actor.hpp"
#include "actors/experiment/shard/shipper_actor.hpp"
#include "actors/gateway/gateway_actor.hpp"
#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/http/gateway_handler.hpp"
#include "actors/gateway/idempotency/idempotency_actor.hpp"
#include "cluster/agent/agent_actor.hpp"
#include "cluster/node/door_metrics.hpp"
#include "cluster/node/identity.hpp"
#include "cluster/node/version.hpp"
#include "runtime/protocol/paths.hpp"

namespace troupe::cluster {
namespace {

/// Balancers come and go on the gateway's actor, which alone draws from `random`. One that crashes once too often does
/// not take other models' along: it is given up, and the gateway makes another.
Result<actor::Ref> make_balancer(actor::Host& host, const std::string& model, Random& random) {
  balancer::BalancerOptions options;
  options.seed = random.next();
  return host.spawn_actor<balancer::BalancerActor>(
      protocol::balancer_path(model), {.parent = std::string(protocol::gateway_plane_path), .escalates = false}, model,
      options);
}

/// Where they can't be opened the gateway serves all requests but those with a key.
AnswerStore open_answers(const NodeOptions& options) {
  const std::filesystem::path folder = options.data_dir / answers_folder_name;
  storage::RecordStoreOptions records;
  records.what = "the answers to requests with idempotency keys";
  records.when_lost = "retries of the requests in it run again then";
  AnswerStore answers;
  answers.retention = options.idempotency_retention;
  answers.if_damaged = fmt::format("an answer in {} is damaged; move the folder away to begin anew, {}",
                                   folder.string(), records.when_lost);
  auto opened = storage::open_rocksdb_record_store(folder, std::move(records));
  if (opened) {
    answers.store = std::shared_ptr<storage::RecordStore>(std::move(*opened));
  } else {
    answers.store = fail(opened.error());
  }
  return answers;
}

/// Serving goes on without: what is not logged is not counted.
EventParts open_events(const NodeOptions& options, const Clock& clock, const observe::Logger& log) {
  SeededRandom random{secure_random_u64()};
  // Two segments are on disk from the start: small ones, as most gateways log little.
  auto opened = storage::EventLog::open(options.data_dir / "events", {.segment_bytes = 8_MiB}, clock, random);
  if (!opened) {
    log.with_component("gateway").error("no experiment counts at this gateway: its log of events cannot be opened",
                                        observe::kv("error", opened.error().message));
    return {};
  }
  EventParts events;
  events.log = std::move(*opened);
  events.recorder = std::make_shared<experiment::LogRecorder>(events.log);
  return events;
}

Status start_shipper(actor::Host& host, std::shared_ptr<gateway::RoutingBoard> routing,
                     std::shared_ptr<storage::EventLog> events, const observe::Logger& log) {
  experiment::ShipperParts shipper;
  shipper.log = std::move(events);
  shipper.logger = log.with_component("gateway");
  shipper.shard_of = [&host, routing = std::move(routing)](uint32_t slot) -> actor::Ref {
    const auto table = routing->table();
    if (!table) return {};
    for (const protocol::RoutedShard& shard : table->snapshot().shards) {
      if ((shard.slots >> slot & 1) == 0) continue;
      for (const protocol::RoutedNode& node : table->snapshot().nodes)
        if (node.id == shard.node)
          return host.remote(node.id, node.incarnation, std::string(experiment::shard_path), bus::Lane::bulk);
    }
    return {};
  };
  return host
      .spawn_actor<experiment::ShipperActor>(std::string(experiment::shipper_path),
                                             {.placement = actor::Placement::own_thread,
                                              .parent = std::string(protocol::gateway_plane_path),
                                              .escalates = false},
                                             std::move(shipper))
      .map([](const actor::Ref&) {});
}

/// What the doors that speak the APIs of models have in common.
gateway::FrontEnd front_end_of(const GatewayActors& parts, actor::Host& host) {
  gateway::FrontEnd front_end;
  front_end.door = gateway::door_to(parts.gateway);
  front_end.ask_to_load = [&host](protocol::ChangeLoad wish, Time deadline, std::function<void(Status)> done_once) {
    // The agent knows the head.
    const auto done = std::make_shared<std::function<void(Status)>>(std::move(done_once));
    const actor::Ref agent = host.find(protocol::agent_path);
    const Status sent = agent.send(AskToLoad{std::move(wish), deadline, [done](Status s) { (*done)(std::move(s)); }});
    if (!sent) (*done)(fail(Errc::unavailable, "this gateway cannot ask the head at the moment"));
  };
  front_end.routing = parts.routing;
  front_end.ids = parts.ids;
  front_end.keys = parts.keys;
  front_end.events = parts.events;
  front_end.metrics = parts.metrics;
  front_end.clock = &host.clock();
  front_end.seed = secure_random_u64();
  front_end.software = software_version;
  return front_end;
}

}  // namespace

Result<GatewayActors> start_gateway_actors(actor::Host& host, bus::Transport& transport, observe::Metrics& metrics,
                                           const observe::Logger& log, const gateway::AdmissionOptions& admission,
                                           uint64_t seed, bool keys_always, Duration weight_lease, AnswerStore answers,
                                           const EventParts& events) {
  GatewayActors parts;
  parts.events = events.recorder;
  parts.ids = std::make_shared<gateway::DispatchIds>();
  parts.in_flight = std::make_shared<gateway::InFlight>(admission);
  parts.routing = std::make_shared<gateway::RoutingBoard>();

  parts.keys = std::make_shared<gateway::KeyRing>(
      count_key_refusals(metrics, log.with_component("gateway"), host.clock()), keys_always);

  // Its actors find each other again after a crash: each starts alone. Where the gateway or the cache crashes once too
  // often all begin anew, and past that nobody is served here.
  actor::SupervisorOptions plane;
  plane.on_give_up = [routing = parts.routing, log = log.with_component("gateway")](const Error& reason) {
    log.error("this node's gateway is given up; it serves nobody until the node is started again",
              observe::kv("reason", reason.message));
    routing->begin_drain();
    routing->close();
  };
  TROUPE_CHECK(host.supervise(std::string(protocol::gateway_plane_path), std::move(plane)));
  actor::SpawnOptions in_plane;
  in_plane.parent = std::string(protocol::gateway_plane_path);

  gateway::GatewayParts actor_parts;
  actor_parts.keys = parts.keys;
  actor_parts.routing = parts.routing;
  actor_parts.in_flight = parts.in_flight;
  parts.metrics = std::make_shared<gateway::GatewayMetrics>(metrics);
  actor_parts.metrics = parts.metrics;
  actor_parts.random = std::make_shared<SeededRandom>(seed);
  TROUPE_TRY(actor_parts.cache,
             host.spawn_actor<cache_shard::CacheShardActor>("cache/0", in_plane, cache_shard::CacheOptions{}));
  gateway::IdempotencyParts idempotency;
  idempotency.store = std::move(answers.store);
  idempotency.ids = parts.ids;
  idempotency.routing = parts.routing;
  idempotency.in_flight = parts.in_flight;
  idempotency.metrics = std::make_shared<gateway::IdempotencyMetrics>(metrics);
  idempotency.log = log.with_component("gateway");
  idempotency.table.retention = answers.retention;
  idempotency.if_damaged = std::move(answers.if_damaged);
  TROUPE_TRY(actor_parts.idempotency, host.spawn_actor<gateway::IdempotencyActor>(
                                          std::string(protocol::idempotency_path), in_plane, std::move(idempotency)));
  actor_parts.make_balancer = [random = actor_parts.random](actor::Host& of, const std::string& model) {
    return make_balancer(of, model, *random);
  };
  actor_parts.add_peer = [&transport](const bus::Peer& peer) { transport.add_peer(peer); };
  actor_parts.remove_peer = [&transport](NodeId node) { transport.remove_peer(node); };
  actor_parts.events = events.recorder;
  actor_parts.log = log.with_component("gateway");
  actor_parts.weight_lease = weight_lease;
  TROUPE_TRY(parts.gateway, host.spawn_actor<gateway::GatewayActor>(std::string(protocol::gateway_path), in_plane,
                                                                    std::move(actor_parts)));
  if (events.log) TROUPE_CHECK(start_shipper(host, parts.routing, events.log, log));
  return parts;
}

Result<GatewayParts> start_gateway(const NodeOptions& options, const std::shared_ptr<http::TlsCertificate>& tls,
                                   actor::Host& host, bus::Transport& transport, Clock& clock,
                                   observe::Metrics& metrics, const observe::Logger& log) {
  GatewayParts parts;
  TROUPE_TRY(static_cast<GatewayActors&>(parts),
             start_gateway_actors(host, transport, metrics, log, {}, secure_random_u64(), options.keys_always(),
                                  options.weight_lease, open_answers(options), open_events(options, clock, log)));

  const unsigned cpus = std::max(1u, std::thread::hardware_concurrency());
  http::HttpOptions door;
  door.host = options.host;
  door.port = options.ports.http;
  door.port_option = "--http-port";
  door.tls = tls;
  door.on_cut = count_http_cuts(metrics, "http");
  TROUPE_TRY(door.cors, http::CorsPolicy::of(options.cors_origins, "--cors-origin"));
  door.io_threads = options.http_threads > 0 ? options.http_threads : std::max(1u, cpus / 2);
  gateway::HttpFrontEnd front_end;
  static_cast<gateway::FrontEnd&>(front_end) = front_end_of(parts, host);
  front_end.cors = door.cors;
  front_end.io_threads = door.io_threads;
  TROUPE_TRY(parts.http, http::HttpServer::listen(door, clock, gateway::make_gateway_handler(front_end),
                                                  gateway::gateway_error_body));

  gateway::GrpcFrontEndOptions grpc;
  grpc.host = options.host;
  grpc.port = options.ports.grpc;
  if (tls) grpc.tls = tls->files();
  grpc.on_cut = count_cuts(metrics, "grpc");
  TROUPE_TRY(parts.grpc, gateway::GrpcFrontEnd::listen(std::move(grpc), front_end_of(parts, host)));

  gateway::ZmqFrontEndOptions zmq;
  zmq.host = options.host;
  zmq.port = options.ports.zmq;
  zmq.keys = parts.keys;
  zmq.events = parts.events;
  if (options.zmq_encrypt || options.is_public()) {
    TROUPE_TRY(zmq.curve, load_or_create_door_keys(options.data_dir));
    parts.zmq_key = zmq.curve->public_key;
  }
  zmq.on_cut = count_cuts(metrics, "zmq");
  TROUPE_TRY(parts.zmq,
             gateway::ZmqFrontEnd::listen(zmq, clock, gateway::door_to(parts.gateway), parts.ids, secure_random_u64()));
  return parts;
}

}  // namespace troupe::cluster
