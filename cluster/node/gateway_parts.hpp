#pragma once
// What a node with the role gateway has: the gateway actor, its cache shard, and its HTTP, gRPC and ZeroMQ doors.

#include <memory>

#include "actors/experiment/events/event_recorder.hpp"
#include "actors/gateway/dispatch_ids.hpp"
#include "actors/gateway/gateway_metrics.hpp"
#include "actors/gateway/grpc/grpc_front_end.hpp"
#include "actors/gateway/in_flight.hpp"
#include "actors/gateway/key_ring.hpp"
#include "actors/gateway/routing_table.hpp"
#include "actors/gateway/zmq/zmq_front_end.hpp"
#include "cluster/node/options.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/bus/transport.hpp"
#include "runtime/http/server.hpp"
#include "runtime/observe/log.hpp"
#include "runtime/observe/metrics.hpp"
#include "storage/event_log.hpp"
#include "storage/record_store.hpp"

namespace troupe::cluster {

/// What serves, whoever asks.
struct GatewayActors {
  actor::Ref gateway;
  std::shared_ptr<gateway::RoutingBoard> routing;
  std::shared_ptr<gateway::InFlight> in_flight;
  std::shared_ptr<gateway::KeyRing> keys;
  std::shared_ptr<gateway::DispatchIds> ids;
  std::shared_ptr<gateway::GatewayMetrics> metrics;
  std::shared_ptr<experiment::EventRecorder> events;
};

struct GatewayParts : GatewayActors {
  std::unique_ptr<http::HttpServer> http;
  std::unique_ptr<gateway::GrpcFrontEnd> grpc;
  std::unique_ptr<gateway::ZmqFrontEnd> zmq;
  std::string zmq_key;  ///< Public key of that door; empty = it does not encrypt.
};

/// Where a gateway's events go; empty: no experiment counts here.
struct EventParts {
  std::shared_ptr<storage::EventLog> log;
  std::shared_ptr<experiment::EventRecorder> recorder;
};

/// Where a gateway keeps answers to requests with an idempotency key.
struct AnswerStore {
  Result<std::shared_ptr<storage::RecordStore>> store = nullptr;
  Duration retention = std::chrono::hours{24};
  std::string if_damaged{};
};

/// The gateway actor, its cache shard and its keeper of answers, without doors. `seed` is of all that is drawn there.
/// `keys_always`: requests need an API key whatever the head says. `weight_lease`: how long weights count without the
/// head. `transport` and `metrics` must outlive the actors.
Result<GatewayActors> start_gateway_actors(actor::Host& host, bus::Transport& transport, observe::Metrics& metrics,
                                           const observe::Logger& log, const gateway::AdmissionOptions& admission,
                                           uint64_t seed, bool keys_always, Duration weight_lease, AnswerStore answers,
                                           const EventParts& events = {});

/// `tls`: certificate of the HTTP and gRPC doors; empty: in the clear.
Result<GatewayParts> start_gateway(const NodeOptions& options, const std::shared_ptr<http::TlsCertificate>& tls,
                                   actor::Host& host, bus::Transport& transport, Clock& clock,
                                   observe::Metrics& metrics, const observe::Logger& log);

}  // namespace troupe::cluster
