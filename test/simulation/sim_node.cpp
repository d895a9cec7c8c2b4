#include "test/simulation/sim_node.hpp"

#include "runtime/protocol/authority.hpp"
#include "runtime/protocol/paths.hpp"
#include "runtime/protocol/registry.hpp"
#include "test/simulation/sim_executor.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

/// A clock that stands still.
class StoppedClock final : public Clock {
 public:
  Time now() const noexcept override { return {}; }
  WallTime wall() const noexcept override { return wall_time_from_unix_microseconds(1'000'000); }
};

/// Of what a head sends; none where it bears none.
std::optional<Epoch> epoch_of(const protocol::AnyMessage& message) {
  if (const auto* assignment = message.get<protocol::Assignment>()) return assignment->epoch;
  if (const auto* delta = message.get<protocol::RoutingDelta>()) return delta->epoch;
  if (const auto* peers = message.get<protocol::Peers>()) return peers->epoch;
  if (const auto* keys = message.get<protocol::KeySet>()) return keys->epoch;
  if (const auto* routes = message.get<protocol::RoutingSnapshot>()) return routes->epoch;
  return std::nullopt;
}

NodeId id_of(uint32_t index) {
  return NodeId{1000 + index};
}

std::string name_of(uint32_t index) {
  return fmt::format("node-{}", index);
}

/// What a node proves by its connections: the simulated network forges nothing.
std::string key_of(NodeId node) {
  return fmt::format("key of {}", node);
}

/// Every node has joined before the simulation begins.
cluster::Trust trust_of(const Knobs& knobs) {
  cluster::Trust trust(id_of(0), key_of(id_of(0)));
  for (uint32_t index = 1; index < knobs.nodes; ++index) {
    cluster::NodeRecord node;
    node.id = id_of(index);
    node.name = name_of(index);
    node.keys = {key_of(node.id)};
    trust.apply(node);
  }
  return trust;
}

}  // namespace

World::World(Knobs of)
    : knobs(std::move(of)),
      schedule(knobs.seed),
      network(schedule, knobs.network),
      ledger(schedule, 2s + knobs.mailbox_delay_max * 20) {}

SimNode::SimNode(World& world, uint32_t index) : world_(world), index_(index) {}

NodeId SimNode::id() const {
  return id_of(index_);
}

SimNode::~SimNode() {
  if (life_) end(false, false);
}

actor::SpawnOptions SimNode::vital() {
  return cluster::vital([this](const Error& reason) { world_.ledger.violation(reason.message); });
}

void SimNode::start() {
  const Knobs& knobs = world_.knobs;
  incarnation_ =
      Incarnation{std::max(incarnation_.value + 1, static_cast<uint64_t>(unix_microseconds(world_.schedule.wall())))};
  life_ = std::make_unique<Life>();
  life_->owner = world_.schedule.add_owner();
  life_->transport =
      world_.network.make_transport(life_->owner, index_, port_, id(), incarnation_, [this](NodeId lost) {
        if (life_ && life_->host) life_->host->peer_lost(lost);
      });
  life_->backends =
      std::make_unique<Backends>(Backends{world_.schedule, life_->owner, knobs, world_.ledger, {}, false});
  life_->host = actor::Host::make(
      {id(), incarnation_, {}}, world_.schedule,
      std::make_unique<SimExecutor>(world_.schedule, life_->owner, knobs.mailbox_delay_max), life_->transport.get(),
      std::make_unique<SimTimers>(world_.schedule, life_->owner, knobs.defect == Defect::lost_timers ? 0.02 : 0));
  if (const Status plane = life_->host->supervise(std::string(protocol::control_plane_path), {}); !plane)
    return world_.ledger.violation(plane.error().message);
  life_->transport->start([this](bus::Lane lane, wire::Message message) { received(lane, std::move(message)); });
  if (is_head()) start_head();
  if (is_gateway()) {
    auto gateway = cluster::start_gateway_actors(*life_->host, *life_->transport, life_->metrics, world_.log,
                                                 knobs.admission, world_.schedule.random().next(), false,
                                                 knobs.defect == Defect::endless_lease ? 1h : knobs.weight_lease,
                                                 {fail(Errc::unavailable, "simulated gateways keep no answers")});
    if (!gateway) return world_.ledger.violation(gateway.error().message);
    life_->gateway = std::move(*gateway);
  }
  start_agent(incarnation_);
}

void SimNode::start_head() {
  const Knobs& knobs = world_.knobs;
  const bool forgets = knobs.defect == Defect::repeated_epoch;
  if (forgets) {
    storage::Transaction transaction;
    transaction.ops.push_back(storage::Delete{std::string(cluster::cluster_key)});
    static_cast<void>(world_.disk.write(std::move(transaction)));
  }
  world_.ledger.check_stored(world_.disk.read(std::string(cluster::deployment_prefix)));
  life_->store = std::make_shared<SimStore>(
      world_.disk, world_.schedule, life_->owner,
      SimStoreOptions{knobs.store_delay_max, knobs.store_error_chance, knobs.defect == Defect::lost_writes ? 0.2 : 0});
  const StoppedClock stopped;
  const Clock& clock = forgets ? static_cast<const Clock&>(stopped) : world_.schedule;
  auto options = cluster::begin_term(life_->store, *life_->transport, clock, world_.schedule.random());
  if (!options) return world_.ledger.violation("the head did not begin its term: " + options.error().message);
  life_->store->begin_delays();
  options->head.membership = knobs.membership;
  if (options->head.adoption_grace > Duration{0}) options->head.adoption_grace = knobs.adoption_grace;
  options->trust = trust_of(knobs);
  options->key_of = key_of;
  options->admit = [](const cluster::Trust&) {};
  options->log = world_.log.with_component("head");
  life_->epoch = options->head.epoch;
  auto head =
      life_->host->spawn_actor<cluster::HeadActor>(std::string(protocol::head_path), vital(), std::move(*options));
  if (!head) return world_.ledger.violation(head.error().message);
  life_->head = *head;
}

void SimNode::start_agent(Incarnation incarnation) {
  const Knobs& knobs = world_.knobs;
  cluster::AgentOptions options;
  protocol::NodeInfo& node = options.node;
  node.id = id();
  node.incarnation = incarnation;
  node.name = name_of(index_);
  node.public_key = key_of(node.id);
  node.roles = {is_head(), is_gateway(), is_worker()};
  if (is_worker()) node.resources = {knobs.cpus * 1000, uint64_t{64} << 30U, 0};
  node.addresses.control = life_->transport->self().control;
  node.addresses.request = life_->transport->self().request;
  node.addresses.bulk = life_->transport->self().bulk;
  if (!is_head()) options.head_control = "sim://0:1/control";
  options.drain_patience = knobs.drain_patience;
  options.heartbeat_patience = knobs.heartbeat_patience;
  options.join_retry = knobs.join_retry;
  options.transport = life_->transport.get();
  options.backend = [backends = life_->backends.get()](const protocol::ReplicaSpec& spec, worker::BackendEvents& events)
      -> Result<std::unique_ptr<worker::Backend>> { return std::make_unique<SimBackend>(*backends, spec, events); };
  options.log = world_.log.with_component(node.name);
  auto agent =
      life_->host->spawn_actor<cluster::AgentActor>(std::string(protocol::agent_path), vital(), std::move(options));
  if (!agent) return world_.ledger.violation(agent.error().message);
  life_->agent = *agent;
}

void SimNode::received(bus::Lane lane, wire::Message message) {
  const auto type = static_cast<protocol::MessageType>(message.envelope.message_type);
  if (protocol::is_for_the_head_to_say(message.envelope)) {
    if (message.envelope.source_node != id_of(0))
      return world_.ledger.violation(
          fmt::format("node {} says what only the head may say", message.envelope.source_node));
    const auto body = protocol::decode(type, message.body, {});
    if (!body) return world_.ledger.violation("what a head sent does not decode: " + body.error().message);
    if (const auto epoch = epoch_of(*body)) world_.ledger.leads(message.envelope.source_incarnation, *epoch);
  }
  if (type == protocol::MessageType::heartbeat_ack)
    if (const auto body = protocol::decode(type, message.body, {});
        body && body->get<protocol::HeartbeatAck>()->weights_hold)
      life_->confirmed = world_.schedule.now();
  if (type == protocol::MessageType::serve_request &&
      !life_->attempts
           .emplace(message.envelope.source_node, message.envelope.source_incarnation, message.envelope.correlation_id)
           .second)
    return world_.ledger.violation(fmt::format("an attempt of request {} came twice", message.envelope.trace));
  // A transport that stops may still have something for a host that is gone.
  if (life_->host) life_->host->receive(lane, std::move(message));
}

void SimNode::kill(bool silently) {
  if (life_) end(silently, false);
}

void SimNode::end(bool silently, bool in_order) {
  world_.ledger.gateway_died(life_->owner);
  incarnation_ = life_->transport->self().incarnation;
  if (life_->store) life_->store->die();
  if (!in_order) {
    life_->transport->die(silently);
    world_.schedule.end(life_->owner);
  }
  life_->gateway = {};
  life_->head = {};
  life_->agent = {};
  life_->host.reset();
  life_->transport->stop();
  world_.schedule.end(life_->owner);
  life_.reset();
}

void SimNode::freeze() {
  world_.schedule.freeze(life_->owner);
  world_.network.froze(*life_->transport);
}

void SimNode::thaw() {
  world_.network.thawed(*life_->transport);
  world_.schedule.thaw(life_->owner);
  world_.ledger.gateway_thawed(life_->owner);
  life_->thawed = world_.schedule.now();
}

bool SimNode::outlives_its_lease() const {
  if (!is_gateway() || is_head() || is_frozen() || life_->gateway.routing->is_stable_only() || !life_->confirmed)
    return false;
  const Duration slack = 1s + world_.knobs.mailbox_delay_max * 20;
  return world_.schedule.now() > std::max(*life_->confirmed + world_.knobs.weight_lease, life_->thawed) + slack;
}

void SimNode::leave() {
  life_->leaving = true;
  if (is_gateway()) static_cast<void>(life_->gateway.gateway.send(gateway::Drain{}));
  wait_until_empty(world_.schedule.now() + world_.knobs.drain_patience);
}

void SimNode::wait_until_empty(Time until) {
  world_.schedule.after(life_->owner, 10ms, [this, until] {
    const bool is_done = !is_gateway() || (life_->gateway.routing->is_closed() && requests_inside() == 0);
    if (!is_done && world_.schedule.now() < until) return wait_until_empty(until);
    const auto done = [this, owner = life_->owner] {
      world_.schedule.after(world, 0s, [this, owner] {
        if (life_ && life_->owner == owner) end(false, true);
      });
    };
    static_cast<void>(life_->agent.send(cluster::PrepareToStop{done}));
  });
}

}  // namespace troupe::sim
