#pragma once
// LaneWorker: one lane of a ZmqTransport: its queue, its thread, its sockets.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "runtime/bus/mpsc_queue.hpp"
#include "runtime/bus/zmq/defect_log.hpp"
#include "runtime/bus/zmq/gatekeeper.hpp"
#include "runtime/bus/zmq/inbound_connections.hpp"
#include "runtime/bus/zmq/link.hpp"
#include "runtime/bus/zmq/poller.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::bus::internal {

/// send, add_peer, remove_peer and discover from any thread; they leave commands for the lane's thread, which alone
/// touches sockets and links. start and stop as Transport's.
class LaneWorker {
 public:
  using Found = std::function<void(Result<Peer>)>;

  /// Binds the lane's ROUTER. `options`, `gatekeeper` and `context` outlive the worker.
  static Result<std::unique_ptr<LaneWorker>> make(Lane lane, NodeId node, Incarnation incarnation,
                                                  const ZmqTransportOptions& options, const Gatekeeper& gatekeeper,
                                                  const Context& context);
  ~LaneWorker();

  uint16_t port() const { return router_.port(); }
  const TransportCounters& counters() const { return counters_; }
  std::string key_of(NodeId node) const { return directory_.key_of(node); }

  void start(Peer self, std::shared_ptr<const ReceiveHandler> handler);
  /// Two steps, so that lanes stop side by side.
  void begin_stop();
  void finish_stop();

  Status send(NodeId node, wire::Message message);
  void add_peer(const Peer& peer);
  void remove_peer(NodeId node);
  /// `keys`: those to prove there; none = this node's own.
  void discover(const std::string& endpoint, Duration patience, std::optional<CurveKeys> keys, Found found);
  /// Connections from now on, both ways, are made with `keys`. `done` on the lane's thread.
  void change_keys(const CurveKeys& keys, std::function<void(Status)> done);
  /// `done` runs on the lane's thread when nothing of the old life is left.
  void renew(Incarnation incarnation, std::function<void()> done);
  /// Cuts the connections of those that the gatekeeper no longer knows.
  void allow_list_changed();

 private:
  struct Add {
    NodeId node;
    Incarnation incarnation;
    std::string endpoint;
    std::string key;
  };
  struct Remove {
    NodeId node;
  };
  struct Discover {
    std::string endpoint;
    Duration patience;
    std::optional<CurveKeys> keys;
    Found found;
  };
  struct Renew {
    Incarnation incarnation;
    std::function<void()> done;
  };
  struct CheckLinks {};
  struct ChangeKeys {
    CurveKeys keys;
    std::function<void(Status)> done;
  };
  using Command = std::variant<std::monostate, Outgoing, Add, Remove, Discover, Renew, CheckLinks, ChangeKeys>;

  /// What a ready descriptor stands for.
  struct Watch {
    enum class What : uint8_t { router, router_monitor, call, call_monitor, discovery, discovery_monitor } what;
    NodeId node;
    uint64_t discovery = 0;  ///< Of a discovery's monitor: the token of its socket.
  };
  /// A temporary connection that asks who is there.
  struct Discovery {
    Monitor monitor;
    Socket socket;
    uint64_t monitor_token = 0;
    CorrelationId question;
    std::string endpoint;
    Time deadline;
    Found found;
  };

  LaneWorker(Lane lane, NodeId node, Incarnation incarnation, const ZmqTransportOptions& options,
             const Gatekeeper& gatekeeper, const Context& context, std::unique_ptr<Poller> poller, Socket router,
             Monitor router_monitor);

  // The thread (lane.cpp).
  void run();
  void command(Command command);
  size_t take_commands();
  void take_ready();
  void serve_scheduled();
  void sweep();
  void close_all(Time deadline);
  bool anything_waits() const;
  uint64_t watch(int fd, Watch watch);
  void forget(int fd, uint64_t token);
  wire::Message own_message(wire::Kind kind) const;
  Outgoing pack(NodeId node, wire::Message message) const { return pack(node, std::move(message), incarnation_); }
  Outgoing pack(NodeId node, wire::Message message, Incarnation life) const;

  // What goes out (lane_send.cpp).
  void enqueue(Outgoing message);
  void flush(Link& link);
  bool choose_path(Link& link);
  void settle(const Outgoing& message);
  void give_up(Link& link, std::string_view why);
  void give_up(Outgoing message, Incarnation incarnation, std::string_view why);

  // Links and their connections (lane_links.cpp).
  Link* find(NodeId node);
  Link* find_or_make(NodeId node, size_t links_max);
  void schedule(Link& link);
  void add(Add peer);
  void remove(NodeId node);
  void begin_life(Link& link, Incarnation incarnation);
  Status call(Link& link);
  void call_changed(Link& link);
  void hang_up(Link& link);
  void came_in(Link& link);
  void went_away(Link& link, bool broken);
  void broken(Link& link);
  void look_after(Link& link);
  void close_if_idle(Link& link);
  void renew(const Renew& life);
  wire::Message hello(CorrelationId answer_to, bool goodbye) const;

  // What comes in (lane_receive.cpp).
  void serve_router();
  void serve_router_monitor();
  bool serve_call(Link& link);
  void take_from_router();
  void take_from_call(Link& link);
  std::optional<wire::Message> open(Incoming& incoming);
  void receive(Link& link, wire::Message message);
  void take_hello(Link& link, const wire::Message& message);
  bool may_speak(const wire::Envelope& envelope, std::string_view user);
  bool may_speak_as_guest(const wire::Envelope& envelope, const std::string& user);
  void check_links();
  size_t guests() const;
  void answer_stranger(const Incoming& incoming, const wire::Message& question);
  void defect(TransportCounters::Counter& counter, std::string_view what);

  // Who is there (lane_discover.cpp).
  void begin(Discover question);
  void serve_discovery(uint64_t token);
  void discovery_changed(uint64_t token);
  void finish(uint64_t token, Result<Peer> result);

  const Lane lane_;
  const NodeId node_;
  const ZmqTransportOptions& options_;
  const Gatekeeper& gatekeeper_;
  const Context& context_;
  const SystemClock clock_;
  TransportCounters counters_;

  // Shared with senders.
  std::atomic<uint64_t> senders_life_;  ///< In which they speak: the thread's own follows.
  Directory directory_;
  MpscQueue<Command> commands_;
  std::atomic<size_t> queued_messages_{0};
  std::atomic<size_t> queued_bytes_{0};
  std::atomic<bool> stopping_{false};
  std::unique_ptr<Poller> poller_;

  // The thread's own.
  CurveKeys keys_;
  Incarnation incarnation_;
  Monitor router_monitor_;
  Socket router_;
  Peer self_;
  std::shared_ptr<const ReceiveHandler> handler_;
  std::unordered_map<NodeId, std::unique_ptr<Link>> links_;
  InboundConnections connections_;
  std::unordered_map<uint64_t, Watch> watches_;
  std::unordered_map<uint64_t, Discovery> discoveries_;
  std::vector<NodeId> scheduled_;  ///< Links to serve in the next round.
  std::vector<NodeId> serving_;
  std::vector<NodeId> blocked_;  ///< Links whose inbound connection takes nothing more at the moment.
  Incoming incoming_;
  bool router_scheduled_ = true;
  uint64_t last_token_ = 0;
  Time now_;
  Time next_sweep_;
  DefectLog defects_;
  std::thread thread_;
};

}  // namespace troupe::bus::internal
