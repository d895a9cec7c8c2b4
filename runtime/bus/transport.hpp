#pragma once
// Transport: carries messages to nodes. At most once, FIFO per pair of nodes, incarnation and lane.

#include <array>
#include <functional>
#include <string>
#include <string_view>

#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/wire/message.hpp"

namespace troupe::bus {

/// Lanes have sockets, threads and queues of their own, so that requests never stand before a heartbeat, and model
/// files before neither. What goes by the bulk lane is asked for piece by piece: who receives it says how much may be
/// on its way.
enum class Lane : uint8_t { control = 0, request = 1, bulk = 2 };
inline constexpr std::array lanes{Lane::control, Lane::request, Lane::bulk};
inline constexpr size_t lane_count = lanes.size();

/// "control", "request", "bulk".
std::string_view to_string(Lane lane) noexcept;

/// A node, its endpoints, and the key by which it proves who it is.
struct Peer {
  NodeId node;
  Incarnation incarnation;
  std::string control;
  std::string request;
  std::string bulk;
  std::string key{};  ///< Public, as the transport's kind writes it; empty = not known, or the transport has none.
  bool operator==(const Peer&) const = default;

  const std::string& endpoint(Lane lane) const noexcept {
    return lane == Lane::control ? control : lane == Lane::request ? request : bulk;
  }
};

/// Takes what arrives. Called on the lane's thread; must not block. `message.envelope.source_*` has been checked
/// against the connection.
using ReceiveHandler = std::function<void(Lane lane, wire::Message message)>;

/// Thread-safe but for start and stop. One per node.
class Transport {
 public:
  virtual ~Transport() = default;

  /// This node in its present life, and the endpoints it is bound to.
  virtual Peer self() const = 0;

  /// Begins to receive. Call once.
  virtual void start(ReceiveHandler handler) = 0;
  /// Stops the threads; what was queued is sent for at most a second. Idempotent.
  virtual void stop() = 0;

  /// Makes `peer` reachable; replaces an older incarnation or address of the same node. The connection is made when
  /// something is first sent.
  virtual void add_peer(const Peer& peer) = 0;
  /// Drops the connection and what is queued for it.
  virtual void remove_peer(NodeId node) = 0;

  /// Queues `message` for `node`; fills in the envelope's source. Never blocks. unavailable: no such peer, nor a
  /// connection from it; overloaded: its queue is full.
  virtual Status send(Lane lane, NodeId node, wire::Message message) = 0;

  /// This node begins a new life, in which it is `incarnation`: every connection is broken (here without a word, there
  /// it is noticed), what is queued is dropped, and what others still mean for the old life is refused. `done` runs on
  /// a lane's thread once nothing of the old life can come in or go out any more; never, where the transport stops.
  virtual void renew(Incarnation incarnation, std::function<void()> done) = 0;

  /// Asks the node at a control endpoint who it is. The callback runs once, on a lane's thread; deadline_exceeded when
  /// nobody answers within `patience`.
  virtual void discover(const std::string& control_endpoint, Duration patience,
                        std::function<void(Result<Peer>)> callback) = 0;
};

}  // namespace troupe::bus
