#pragma once
// GatewayActor: the one at "gateway". Takes Submit, Withdraw and Drain from the front ends of its process,
// protocol::RoutingSnapshot from the head, by way of the node's agent, and RenewLease from that. Serves
// protocol::KeySet, of the head.

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "actors/experiment/events/event_recorder.hpp"
#include "actors/gateway/attempt_note.hpp"
#include "actors/gateway/gateway_metrics.hpp"
#include "actors/gateway/in_flight.hpp"
#include "actors/gateway/key_ring.hpp"
#include "actors/gateway/messages.hpp"
#include "actors/gateway/routing_table.hpp"
#include "actors/gateway/weight_lease.hpp"
#include "runtime/actor/actor.hpp"
#include "runtime/base/random.hpp"
#include "runtime/bus/transport.hpp"
#include "runtime/observe/log.hpp"

namespace troupe::gateway {

/// A gateway that drains takes requests until none has come for `quiet`, at most for `lame_duck_max`: load balancers in
/// front need a moment to see that /ready says no.
struct DrainOptions {
  Duration quiet = std::chrono::milliseconds{400};
  Duration lame_duck_max = std::chrono::seconds{5};
};

/// What the actor works with. It outlives restarts of the actor, which takes up the published table again.
struct GatewayParts {
  std::shared_ptr<RoutingBoard> routing;
  std::shared_ptr<InFlight> in_flight;
  std::shared_ptr<KeyRing> keys;  ///< Given what the head says of API keys; may be empty.
  std::shared_ptr<GatewayMetrics> metrics;
  std::shared_ptr<Random> random;                     ///< Draws sampling seeds.
  actor::Ref cache;                                   ///< The cache shard; empty = none.
  actor::Ref idempotency;                             ///< Takes requests with a key; empty = they are refused.
  std::shared_ptr<experiment::EventRecorder> events;  ///< Of experiments; empty = none is counted, and none assigns.
  /// Starts the balancer of a model at protocol::balancer_path(model).
  std::function<Result<actor::Ref>(actor::Host&, const std::string& model)> make_balancer;
  /// Tell the transport who can be reached. Not called for this node itself.
  std::function<void(const bus::Peer&)> add_peer;
  std::function<void(NodeId)> remove_peer;
  observe::Logger log;
  DrainOptions drain;
  /// How long weights count after the head has confirmed them.
  Duration weight_lease = std::chrono::seconds{30};
};

class GatewayActor final : public actor::Actor {
 public:
  GatewayActor(actor::Context& context, GatewayParts parts);

  void started() override;

 private:
  void submit(const Submit& submit);
  Status admit(const Submit& submit);
  Status route(const Submit& submit, Time deadline);
  Status answer_once(const Submit& submit, Time deadline);
  std::optional<AttemptNote> note_of(const std::optional<ExperimentChoice>& choice);
  Status hand_over(const Submit& submit, const protocol::Route& route, Time deadline, std::optional<AttemptNote> note);
  std::shared_ptr<const protocol::ServeRequest> with_seed(std::shared_ptr<const protocol::ServeRequest> request);
  void withdraw(const Withdraw& withdraw);
  void drain();
  void close_when_quiet(Time latest);

  /// Tells everybody where it has run out or come back, and looks again when it will.
  void follow_lease();
  void set_stable_only(bool stable_only);
  void take(const protocol::RoutingSnapshot& snapshot);
  void update_peers(const protocol::RoutingSnapshot& snapshot);
  void update_balancers();
  void start_balancer(const std::string& model);
  void watch_balancer(const std::string& model);
  void balancer_failed(const std::string& model, const Error& error);
  void stop_balancer(const std::string& model);

  GatewayParts parts_;
  std::shared_ptr<const RoutingTable> table_;
  std::unordered_map<NodeId, protocol::RoutedNode> peers_;
  std::unordered_map<std::string, actor::Ref> balancers_;
  WeightLease lease_;
  bool watches_lease_ = false;
  std::optional<Time> last_request_;
  std::unordered_set<std::string> stopping_;  ///< Models whose balancer has not quite ended.
};

}  // namespace troupe::gateway
