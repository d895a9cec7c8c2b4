#pragma once
// ZmqTransport: Transport over ZeroMQ and TCP.
//
// Each lane is one thread with one bound ROUTER, a DEALER per node it called first, and a queue from the actors.
// Frames of a message: [envelope][body][attachment]*; on a ROUTER ZeroMQ puts the sender's routing id (16 bytes: node
// id and incarnation, big-endian) before them.
//
// Which way a message goes. Per lane and life of a node there is one path, chosen at the first send: the connection by
// which that node came in, if it has one (so a node answers where it was asked), else a DEALER to its endpoint from
// add_peer. The path stays until its connection breaks or is closed for idleness; therefore order holds for all that is
// sent to a node. After a break what had been handed to ZeroMQ is lost, and the next message chooses again.
//
// Who may connect. Every connection is encrypted and both sides prove their keys (CURVE): this node calls nobody but
// the owner of the key that add_peer named, and lets in the keys of its allow-list. A message's source must be the node
// whose key its connection proved. Where `guest_requests` names message types, other keys may connect to the control
// lane too, as guests: they may say hello and send those requests, under the id of a node that is not on the list;
// everything else from them is dropped. A connection outlives the key it was made with (so keys can be exchanged
// without loss), but not its node's place on the list.
//
// What happens to a message that cannot be sent: it is counted and dropped; a request is also answered, locally, by a
// message of kind `error` (unavailable) that looks as if the node had sent it. Requests that were already under way
// when a connection broke are not answered: on_disconnect tells.

#include <functional>
#include <memory>
#include <string>

#include "runtime/base/units.hpp"
#include "runtime/bus/counters.hpp"
#include "runtime/bus/transport.hpp"
#include "runtime/bus/zmq/curve.hpp"
#include "runtime/bus/zmq/gatekeeper.hpp"
#include "runtime/wire/limits.hpp"

namespace troupe::bus {

/// All are read once, when the transport is made.
struct ZmqTransportOptions {
  std::string host = "127.0.0.1";  ///< Numeric address or interface name to listen on.
  std::string advertise;      ///< Host that peers connect to; empty = `host`. Needed where that is 0.0.0.0, * or ::.
  uint16_t control_port = 0;  ///< 0 = any free one.
  uint16_t request_port = 0;  ///< 0 = any free one.
  uint16_t bulk_port = 0;     ///< 0 = any free one.
  std::string control_port_option = "control_port";  ///< What a user sets to change it; named in errors.
  size_t queue_messages_max = 65536;        ///< Per lane: messages accepted by send() and not yet handed to ZeroMQ.
  ByteCount queue_bytes_max = 1_GiB;        ///< Per lane: bytes of those;
  ByteCount bulk_queue_bytes_max = 64_MiB;  ///< of the bulk lane, whose answers are as large as those who ask want.
  size_t peer_queue_max = 16384;            ///< Per lane and node: the same; and ZeroMQ's high-water mark beyond it.
  size_t peers_max = 4096;  ///< Per lane: nodes known or connected at a time; strangers past it are dropped.
  Duration idle_disconnect = std::chrono::seconds(60);  ///< A DEALER without traffic for this long is closed.
  Duration connect_patience = std::chrono::seconds(2);  ///< What waits longer for one who is called is dropped.
  wire::Limits limits;                                  ///< Of messages, both ways.

  CurveKeys keys;                        ///< This node's own, until the first change_keys().
  AllowList allowed;                     ///< Until the first admit().
  std::string discover_key;              ///< Public key that the answerer of discover() must prove.
  std::vector<uint16_t> guest_requests;  ///< Types of requests that guests may send; none = no guests.
  bool plaintext =
      false;  ///< No keys, no encryption, anybody is who they say: for measurements, and clients on loopback.

  /// A connection to or from `node` broke, or nobody answers its pings; not called when one is closed for idleness. On
  /// a lane's thread; up to once per connection. May call the transport; must neither block nor throw nor stop it.
  std::function<void(NodeId node)> on_disconnect;
  /// Something was dropped as malformed, forged or stale, or a connection was refused; at most one text a second per
  /// lane and for connections. As above.
  std::function<void(const std::string& what)> on_defect;

  Status validate() const;

  uint16_t port(Lane lane) const;
  /// How a user names it.
  std::string port_option(Lane lane) const;
  ByteCount queue_bytes(Lane lane) const { return lane == Lane::bulk ? bulk_queue_bytes_max : queue_bytes_max; }
};

class ZmqTransport : public Transport {
 public:
  virtual const TransportCounters& counters(Lane lane) const = 0;

  /// From now on these may connect, and no others. Connections of nodes that are no longer on the list are cut.
  /// Thread-safe.
  virtual void admit(AllowList list) = 0;
  /// Asks who is at an address as discover() does, proving `keys` instead of this node's own: whether those are let in.
  virtual void try_keys(const CurveKeys& keys, const std::string& control_endpoint, Duration patience,
                        std::function<void(Result<Peer>)> callback) = 0;
  /// From now on connections are made with `keys`, both ways and at the same addresses; those that are there go on, and
  /// nothing is lost. Others must have been told the public one before: see add_peer and admit. `done` once, on any
  /// thread; after an error some connections may be made with the old keys still. Each exchange takes four descriptors
  /// until the transport stops.
  virtual void change_keys(const CurveKeys& keys, std::function<void(Status)> done) = 0;
  /// The key that `node` proved on the connection by which it came in to the control lane; empty where there is none.
  /// Thread-safe.
  virtual std::string key_of(NodeId node) const = 0;
};

/// Binds all lanes; `self()` has the endpoints. failed_precondition, naming option and address, where a port is taken.
/// Destroying a running transport stops it. stop() must not be called on a lane's thread (i.e. from a handler).
Result<std::unique_ptr<ZmqTransport>> make_zmq_transport(NodeId node, Incarnation incarnation,
                                                         ZmqTransportOptions options);

}  // namespace troupe::bus
