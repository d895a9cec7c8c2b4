#pragma once
// Network: the machines and wires of a simulated cluster, and what goes wrong with them.
//
// Connections behave as TCP under ZeroMQ does: what is sent arrives in order or not at all; a cut wire delays it; who
// hears nothing for too long breaks the connection, and with it goes what was under way. Nothing is lost, doubled or
// reordered within a connection, except by a planted defect.

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/bus/sim/schedule.hpp"
#include "runtime/bus/transport.hpp"

namespace troupe::sim {

class SimTransport;
class Network;

/// A place on the network; 0 … machines - 1.
using Machine = uint32_t;

struct NetworkOptions {
  uint32_t machines = 2;
  Duration latency_min = std::chrono::microseconds{50};  ///< One way, drawn once for each ordered pair …
  Duration latency_max = std::chrono::microseconds{500};
  Duration jitter_max = std::chrono::microseconds{100};  ///< … and this much is added to each message at most.
  Duration silence_max = std::chrono::seconds{3};        ///< Who hears nothing for so long (and up to 1 s) hangs up.
  Duration connect_patience = std::chrono::seconds{2};   ///< What waits longer for a connection is given up.
  size_t peer_queue_max = 16384;                         ///< Messages that wait for one node, of one lane.

  // Defects, to prove that they are found. Chances, 0 = never.
  double swap_chance = 0;          ///< A message overtakes the one before it.
  double duplicate_chance = 0;     ///< A message arrives twice.
  bool keeps_incarnation = false;  ///< A node that begins a new life goes on under the incarnation that it had.
};

/// One TCP connection of one lane, between two lives. End 0 made it, end 1 listened.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Network& network, bus::Lane lane) : network_(network), lane_(lane) {}

  struct Parcel {
    Time due;
    std::optional<wire::Message> message;  ///< None: hello, or the end.
    bool is_end = false;
  };

  /// Requires that both are alive.
  void establish(SimTransport& caller, SimTransport& listener);
  /// From `end` to the other one.
  void send(size_t end, Parcel parcel);
  /// `end` hangs up: nothing reaches it any more; the other one learns of it behind what is under way.
  void close(size_t end);
  /// `end` is gone with its process. Of what it sent a part may still arrive; `silently`: the other one is not told.
  void die(size_t end, bool silently);
  /// Both learn that the connection broke; what is under way is lost.
  void reset();
  /// Goes on with what a cut wire held up.
  void resume();
  /// Hangs up at `end` if it has heard nothing for too long.
  void check_silence(size_t end);

  bus::Lane lane() const noexcept { return lane_; }
  SimTransport* at(size_t end) const noexcept { return ends_[end].transport; }
  bool is_open(size_t end) const noexcept { return ends_[end].open; }
  Machine machine(size_t end) const noexcept { return ends_[end].machine; }
  NodeId node(size_t end) const noexcept { return ends_[end].node; }
  Incarnation incarnation(size_t end) const noexcept { return ends_[end].incarnation; }
  std::optional<Time> mute_since() const noexcept { return mute_since_; }

 private:
  struct End {
    SimTransport* transport = nullptr;  ///< Of an open end: nullptr once it is dead. A closed end may outlive it.
    Machine machine = 0;
    Owner owner;
    NodeId node;
    Incarnation incarnation;
    bool open = false;
    std::deque<Parcel> inbox;  ///< On its way there.
    bool moving = false;       ///< The first of them is planned.
    Time last_due;
  };

  void plan(size_t end);
  void arrive(size_t end);

  Network& network_;
  const bus::Lane lane_;
  std::array<End, 2> ends_;
  std::optional<Time> mute_since_;  ///< One end vanished without a word.
};

class Network {
 public:
  Network(Schedule& schedule, NetworkOptions options);

  /// A transport for one life of a node, bound to endpoints of `machine` that `port` names. One that has stood there
  /// before must be dead. `on_disconnect` as bus::ZmqTransportOptions has it.
  std::unique_ptr<SimTransport> make_transport(Owner owner, Machine machine, uint32_t port, NodeId node,
                                               Incarnation incarnation, std::function<void(NodeId)> on_disconnect);

  // Faults. Cuts of the same wire add up.
  void cut(Machine from, Machine to);
  void mend(Machine from, Machine to);
  /// Multiplies the latency of both directions; 1 = as it was.
  void slow(Machine a, Machine b, double factor);
  /// Breaks all connections between two machines.
  void reset(Machine a, Machine b);
  /// The life stands still, as its owner does; freeze and thaw that by the schedule.
  void froze(SimTransport& transport);
  void thawed(SimTransport& transport);

  // For connections and transports.
  Schedule& schedule() noexcept { return schedule_; }
  const NetworkOptions& options() const noexcept { return options_; }
  bool is_cut(Machine from, Machine to) const { return wire(from, to).cuts > 0; }
  Duration latency(Machine from, Machine to);
  SimTransport* find(const std::string& endpoint) const;
  void listen(const std::string& endpoint, SimTransport* transport);
  std::shared_ptr<Connection> connect(bus::Lane lane);
  /// Both ends' doubts about each other, to be looked at when patience ends.
  void doubt(Connection& connection);
  /// Since when the ends of `connection` cannot hear each other.
  std::optional<Time> silent_since(const Connection& connection) const;
  size_t connections() const;

 private:
  struct Wire {
    uint32_t cuts = 0;
    Time cut_since;
    Duration latency{0};
    double factor = 1;
  };
  const Wire& wire(Machine from, Machine to) const { return wires_[from * options_.machines + to]; }
  Wire& wire(Machine from, Machine to) { return wires_[from * options_.machines + to]; }
  template <class Action>
  void each_between(Machine a, Machine b, Action action);
  void forget_closed();

  Schedule& schedule_;
  const NetworkOptions options_;
  std::vector<Wire> wires_;
  std::map<std::string, SimTransport*> listeners_;
  std::vector<std::weak_ptr<Connection>> connections_;
};

}  // namespace troupe::sim
