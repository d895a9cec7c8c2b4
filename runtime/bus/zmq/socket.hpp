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

/// What makes a routing id unguessable: who knew another's could take over its connection at a ROUTER.
using Nonce = std::array<uint64_t, 2>;
Nonce random_nonce();

/// Node id, incarnation and nonce, big-endian. Never collides with ZeroMQ's own ids, which have five bytes.
using RoutingId = std::array<char, 32>;
RoutingId routing_id(NodeId node, Incarnation incarnation, const Nonce& nonce);
/// Whether `route` is an id of that life of that node, whatever its nonce.
bool is_id_of(std::string_view route, NodeId node, Incarnation incarnation);

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

  /// A ROUTER bound to tcp://`host`:`port`. `option` names the port in errors. Proves `options.keys` to those who
  /// connect, and lets in whom the context's Authenticator does.
  static Result<Socket> router(const Context& context, Lane lane, const ZmqTransportOptions& options, uint16_t port,
                               std::string_view option);
  /// A DEALER under `own_id`, not connected yet. It proves `keys`, and connects to nobody but the owner of
  /// `server_key`. `wait_for_connection`: refuse messages until there is one.
  static Result<Socket> dealer(const Context& context, Lane lane, const ZmqTransportOptions& options,
                               const CurveKeys& keys, const RoutingId& own_id, const std::string& server_key,
                               bool wait_for_connection);
  /// One end of a PAIR at `endpoint` ("ipc://PATH"), bound or connecting: for one other process of this machine. At
  /// most `queue_max` messages wait each way.
  static Result<Socket> pair(const Context& context, const std::string& endpoint, bool binds, int queue_max,
                             const wire::Limits& limits);
  Socket(Socket&&) noexcept;
  Socket& operator=(Socket&&) noexcept;
  ~Socket();

  /// Of a ROUTER that encrypts: who connects from now on finds `keys`, at the same address; connections that are there
  /// go on. resource_exhausted, and nothing has changed, where descriptors are short.
  Status change_keys(const CurveKeys& keys);
  Status connect(const std::string& endpoint);
  /// Closes; what is still to be written is written for at most `linger`, in the background. Idempotent.
  void close(Duration linger);

  /// `route` is empty on a DEALER. Bodies and attachments from 2 KiB on are sent from their own memory, with `lends`
  /// all are: it is let go when ZeroMQ has written it.
  Sent send(std::string_view route, std::string_view header, const wire::Body& body, TransportCounters& counters,
            bool lends = false);
  /// False: nothing there.
  bool receive(Incoming& message);
  /// The descriptor of the connection that the last received message came by; -1 = unknown.
  int source_fd() const;
  /// The key that was proved for that connection; empty without encryption. Valid until the next receive().
  std::string_view source_user() const;
  /// The bytes of the address at the other end of the connection with that descriptor; empty where it has gone.
  static std::string address_of(int fd);
  /// Breaks the connection with that descriptor, which came in to this ROUTER. ZeroMQ notices as if the other side had
  /// done it.
  void cut(int fd) const;

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
  enum class What : uint8_t {
    accepted,  ///< By a ROUTER; whoever it is has said nothing yet.
    connected,
    broken,     ///< Or never came about, after `refused` or `failed`.
    refused,    ///< The one who connects has no key that is let in.
    failed,     ///< No handshake came about: the wrong key of the server, or bytes that are none.
    unreached,  ///< Nobody listens there, or nobody answered in time. ZeroMQ tries again, at growing intervals.
  };
  struct Event {
    What what;
    int fd;                 ///< Of the connection that was accepted or broke.
    bool is_plain = false;  ///< Failed because one side encrypts and the other does not.
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
