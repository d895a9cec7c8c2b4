#pragma once
// SimNode: a node made of the program's own actors, in as many lives as the simulation gives it.

#include <memory>
#include <set>

#include "cluster/agent/agent_actor.hpp"
#include "cluster/node/gateway_parts.hpp"
#include "cluster/node/head_parts.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/bus/sim/sim_transport.hpp"
#include "test/simulation/sim_backend.hpp"
#include "test/simulation/sim_store.hpp"

namespace troupe::sim {

/// What all nodes of a simulation share.
struct World {
  explicit World(Knobs knobs);

  const Knobs knobs;
  Schedule schedule;
  Network network;
  Ledger ledger;
  SimDisk disk;  ///< The head's.
  observe::Logger log;
};

class SimNode {
 public:
  /// Node 0 is the head.
  SimNode(World& world, uint32_t index);
  ~SimNode();

  bool is_up() const noexcept { return life_ != nullptr; }
  bool is_frozen() const { return is_up() && world_.schedule.is_frozen(life_->owner); }
  bool is_leaving() const noexcept { return is_up() && life_->leaving; }
  bool is_head() const noexcept { return index_ == 0; }
  bool is_gateway() const noexcept { return index_ < world_.knobs.gateways; }
  bool is_worker() const noexcept { return !is_head() || world_.knobs.head_works; }
  uint32_t index() const noexcept { return index_; }
  NodeId id() const;

  void start();
  /// The process dies; `silently`: with its machine.
  void kill(bool silently);
  void freeze();
  void thaw();
  /// SIGTERM: drains, leaves, ends. Where the head cannot be told, or work does not end, the node goes without.
  void leave();
  /// The next life listens elsewhere.
  void move() noexcept { ++port_; }

  // Of the present life; only while it is up.
  Owner owner() const { return life_->owner; }
  Epoch epoch() const { return life_->epoch; }
  const actor::Ref& gateway() const { return life_->gateway.gateway; }
  const actor::Ref& head() const { return life_->head; }
  std::shared_ptr<const gateway::RoutingTable> routes() const { return life_->gateway.routing->table(); }
  /// It goes by weights although the head has not confirmed them for too long.
  bool outlives_its_lease() const;
  bool is_stable_only() const { return life_->gateway.routing->is_stable_only(); }
  size_t requests_inside() const { return life_->gateway.in_flight->size(); }
  Backends& backends() const { return *life_->backends; }
  actor::Host& host() const { return *life_->host; }
  SimTransport& transport() const { return *life_->transport; }

 private:
  /// Members are in the order of their making; destruction undoes it.
  struct Life {
    Owner owner;
    Epoch epoch;
    observe::Metrics metrics{{.has_process_metrics = false}};
    std::unique_ptr<SimTransport> transport;
    std::unique_ptr<Backends> backends;
    std::shared_ptr<SimStore> store;
    std::unique_ptr<actor::Host> host;
    cluster::GatewayActors gateway;
    actor::Ref head;
    actor::Ref agent;
    bool leaving = false;
    std::optional<Time> confirmed;  ///< When the head last said that weights hold.
    Time thawed;
    std::set<std::tuple<NodeId, Incarnation, CorrelationId>> attempts;  ///< That have come here.
  };

  void start_head();
  void start_agent(Incarnation incarnation);
  void received(bus::Lane lane, wire::Message message);
  void wait_until_empty(Time until);
  void end(bool silently, bool in_order);
  actor::SpawnOptions vital();

  World& world_;
  const uint32_t index_;
  uint32_t port_ = 1;
  Incarnation incarnation_;
  std::unique_ptr<Life> life_;
};

}  // namespace troupe::sim
