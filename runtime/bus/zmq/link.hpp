#pragma once
// Link: what a lane's thread knows of one node: its life, the ways to it, and what waits for it.

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/bus/zmq/directory.hpp"
#include "runtime/bus/zmq/socket.hpp"
#include "runtime/wire/message.hpp"

namespace troupe::bus::internal {

/// A message on its way out, its envelope encoded.
struct Outgoing {
  NodeId node;
  Incarnation life;  ///< Of this node, in which it was sent.
  std::string header;
  wire::Body body;
  wire::Kind kind = wire::Kind::event;
  CorrelationId correlation_id;
  std::shared_ptr<Outbox> outbox;  ///< Where it is counted; empty for the lane's own messages.
};

struct Link {
  /// A connection made by us. No sooner used than the monitor saw it, so that hello is its first message.
  struct Call {
    Monitor monitor;
    Socket socket;
    uint64_t socket_token = 0;
    uint64_t monitor_token = 0;
    bool connected = false;
  };
  enum class Path : uint8_t { none, inbound, call };

  NodeId node;
  Incarnation incarnation;     ///< The latest life known. All below is about it.
  std::string endpoint;        ///< From add_peer; empty = not known.
  std::string key;             ///< Public, from add_peer; what the node must prove to have where it is called.
  bool added = false;          ///< By add_peer, at whatever life.
  bool inbound = false;        ///< It is connected to our ROUTER,
  int inbound_fd = -1;         ///< by this descriptor,
  std::string route;           ///< under this id,
  std::string user;            ///< with this key, which was found to be the node's or
  bool guest = false;          ///< a guest's: one that is not on the allow-list.
  std::optional<Nonce> nonce;  ///< Of our id where we call it.
  std::optional<Call> call;
  Path path = Path::none;  ///< Where messages go; decided when one has to.
  std::deque<Outgoing> waiting;
  Time waiting_since;      ///< Of the first of them.
  size_t answers_due = 0;  ///< Requests that went there less answers that ended; no idleness while there are any.
  Time last_used;          ///< Anything sent or received.
  std::optional<Time> said_goodbye;
  bool refused = false;    ///< The last call ended as our key was turned away.
  bool scheduled = false;  ///< In the lane's list of links to serve.
};

}  // namespace troupe::bus::internal
