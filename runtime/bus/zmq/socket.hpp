#pragma once
// ZeroMQ behind types of our own: Context, Socket, Monitor. No ZeroMQ header is needed to use them.

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/bus/transport.hpp"
#include "runtime/bus/zmq/zmq_transport.hpp"
#include "runtime/wire/message.hpp"

namespace troupe::bus::internal {

/// Sixteen bytes: node id and incarnation, big-endian. Never collides with ZeroMQ's own ids, which have five.
using RoutingId = std::array<char, 16>;
RoutingId routing_id(NodeId node, Incarnation incarnation);
inline std::string_view view(const RoutingId& id) {
  return {id.data(), id.size()};
}

/// Owns ZeroMQ's I/O threads, one per lane. Destruction waits until lingering sockets are done.
class Context {
 public:
  explicit Context(size_t peers_max);
  void* handle() const noexcept { return handle_.get(); }

 private:
  struct Terminate {
    void operator()(void* context) const noexcept;
  };
  std::unique_ptr<void, Terminate> handle_;
};

/// A message as it came off a socket.
struct Incoming {
  std::string route;      ///< The sender's routing id; empty off a DEALER.
  std::string header;     ///< The envelope frame.
  wire::Body body;        ///< Shares the memory of the frames.
  bool complete = false;  ///< Envelope and body were there, and nothing was over the limits.
};

enum class Sent : uint8_t {
  sent,
  full,         ///< The high-water mark is reached, or there is no connection yet; try again.
  unreachable,  ///< ROUTER: nobody of that routing id is connected.
  lost,         ///< The connection broke half-way.
};

/// One thread at a time. Never blocks.
///
/// fd() becomes readable when something happened, but is no proof that nothing did while calls are made on the socket:
/// before sleeping on it, events() must have been the last call and have shown nothing to do.
class Socket {
 public:
  struct Events {
    bool readable;
    bool writable;
  };

  /// A ROUTER bound to tcp://`host`:`port`. `option` names the port in errors.
  static Result<Socket> router(const Context& context, Lane lane, const ZmqTransportOptions& options, uint16_t port,
                               std::string_view option);
  /// A DEALER under `own_id`, not connected yet. `wait_for_connection`: refuse messages until there is one.
  static Result<Socket> dealer(const Context& context, Lane lane, const ZmqTransportOptions& options,
                               const RoutingId& own_id, bool wait_for_connection);
  /// One end of a PAIR at `endpoint` ("ipc://PATH"), bound or connecting: for one other process of this machine. At
  /// most `queue_max` messages wait each way.
  static Result<Socket> pair(const Context& context, const std::string& endpoint, bool binds, int queue_max,
                             const wire::Limits& limits);
  Socket(Socket&&) noexcept;
  Socket& operator=(Socket&&) noexcept;
  ~Socket();

  Status connect(const std::string& endpoint);
  /// Closes; what is still to be written is written for at most `linger`, in the background. Idempotent.
  void close(Duration linger);

  /// `route` is empty on a DEALER. Bodies and attachments from 2 KiB on are sent from their own memory.
  Sent send(std::string_view route, std::string_view header, const wire::Body& body, TransportCounters& counters);
  /// False: nothing there.
  bool receive(Incoming& message);
  /// The descriptor of the connection that the last received message came by; -1 = unknown.
  int source_fd() const;

  int fd() const;
  Events events() const;
  /// The bound port of a ROUTER.
  uint16_t port() const;
  void* handle() const noexcept;

 private:
  struct State;
  explicit Socket(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Connections of one socket coming and going. Thread as its socket's; must be closed after it.
class Monitor {
 public:
  struct Event {
    bool connected;  ///< Or else broken.
    int fd;          ///< Of the connection that broke.
  };

  /// Made before the socket connects, so that nothing is missed. `name` is unique in the context.
  static Result<Monitor> of(const Context& context, Socket& socket, const std::string& name);

  std::optional<Event> next();
  int fd() const;
  void close() { socket_.reset(); }

 private:
  struct Close {
    void operator()(void* socket) const noexcept;
  };
  explicit Monitor(void* socket) : socket_(socket) {}
  std::unique_ptr<void, Close> socket_;
};

}  // namespace troupe::bus::internal
