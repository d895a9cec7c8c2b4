#pragma once
// SimTransport: Transport over a simulated Network. Keeps the promises of transport.hpp and the rules of
// zmq/zmq_transport.hpp: which way a message goes, what happens to one that cannot go, what a new life means.

#include <array>
#include <set>

#include "runtime/bus/sim/network.hpp"

namespace troupe::sim {

class SimTransport final : public bus::Transport {
 public:
  SimTransport(Network& network, Owner owner, Machine machine, uint32_t port, NodeId node, Incarnation incarnation,
               std::function<void(NodeId)> on_disconnect);
  ~SimTransport() override;

  bus::Peer self() const override { return self_; }
  void start(bus::ReceiveHandler handler) override { handler_ = std::move(handler); }
  /// In order: what was sent still arrives. Nothing is received after it.
  void stop() override;
  void add_peer(const bus::Peer& peer) override;
  void remove_peer(NodeId node) override;
  Status send(bus::Lane lane, NodeId node, wire::Message message) override;
  void renew(Incarnation incarnation, std::function<void()> done) override;
  void discover(const std::string& control_endpoint, Duration patience,
                std::function<void(Result<bus::Peer>)> callback) override;

  /// The process dies; `silently`: with its machine, so that nobody is told.
  void die(bool silently);

  // For the network.
  Owner owner() const noexcept { return owner_; }
  Machine machine() const noexcept { return machine_; }
  const std::vector<std::shared_ptr<Connection>>& connections() const noexcept { return connections_; }
  void attach(std::shared_ptr<Connection> connection);
  void arrived(Connection& connection, size_t end, std::optional<wire::Message> message);
  void broke(Connection& connection, size_t end);
  std::optional<Time> frozen_since() const noexcept { return frozen_since_; }
  void set_frozen_since(std::optional<Time> since) noexcept { frozen_since_ = since; }

  /// Messages that wait for a connection.
  size_t waiting() const;

 private:
  enum class Path : uint8_t { none, inbound, call };
  struct Link {
    NodeId node;
    Incarnation incarnation;
    std::string endpoint;
    bool added = false;
    std::shared_ptr<Connection> inbound;
    std::shared_ptr<Connection> call;
    bool dialling = false;
    Path path = Path::none;
    std::deque<wire::Message> waiting;
    Time waiting_since;
  };
  /// One lane's thread: commands in order, a moment after they were given.
  struct LaneState {
    std::map<NodeId, Link> links;
    std::map<NodeId, size_t> queued;  ///< Accepted by send() and not yet handed to a connection.
    std::set<NodeId> added;           ///< What senders know: by add_peer,
    std::set<NodeId> connected;       ///< and by a connection from there.
    std::deque<std::function<void()>> commands;
    bool awake = false;
  };
  struct Question;

  LaneState& at(bus::Lane lane) { return lanes_[static_cast<size_t>(lane)]; }
  Schedule& schedule() { return network_.schedule(); }
  void command(bus::Lane lane, std::function<void()> command);
  void add(bus::Lane lane, const bus::Peer& peer);
  void remove(bus::Lane lane, NodeId node);
  void hang_up_all(bus::Lane lane);
  void enqueue(bus::Lane lane, NodeId node, wire::Message message, bool counted);
  void flush(bus::Lane lane, Link& link);
  bool choose_path(bus::Lane lane, Link& link);
  void dial(bus::Lane lane, NodeId node);
  void connected(bus::Lane lane, Link& link, SimTransport& listener);
  void begin_life(bus::Lane lane, Link& link, Incarnation incarnation);
  void hang_up(Link& link);
  void went_away(bus::Lane lane, Link& link, bool by_break);
  void came_in(bus::Lane lane, Link& link, Connection& connection);
  void receive(bus::Lane lane, Link& link, wire::Message message);
  void settle(bus::Lane lane, NodeId node);
  void give_up(bus::Lane lane, Link& link, std::string_view why);
  void give_up(bus::Lane lane, NodeId node, Incarnation incarnation, const wire::Message& message,
               std::string_view why);
  void detach(const Connection& connection);
  void ask(const std::shared_ptr<Question>& question);

  Network& network_;
  const Owner owner_;
  const Machine machine_;
  bus::Peer self_;
  const std::function<void(NodeId)> on_disconnect_;
  bus::ReceiveHandler handler_;
  std::array<LaneState, bus::lane_count> lanes_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::optional<Time> frozen_since_;
  bool stopped_ = false;
};

}  // namespace troupe::sim
