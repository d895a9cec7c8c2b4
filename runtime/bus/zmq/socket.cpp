#include "runtime/bus/zmq/socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <zmq.hpp>

#include "runtime/base/assert.hpp"
#include "runtime/base/random.hpp"
#include "runtime/bus/zmq/authenticator.hpp"

namespace troupe::bus::internal {
namespace {

using namespace std::chrono_literals;

/// Below this a copy is cheaper than the two allocations of a shared frame.
constexpr size_t shared_bytes_min = 2048;
/// What CURVE adds to a frame, rounded up.
constexpr size_t encryption_bytes_max = 64;
/// Messages of the bulk lane are large: those that ZeroMQ holds for one connection, each way.
constexpr size_t bulk_queue_max = 16;

void set(void* socket, int option, int value) {
  TROUPE_ASSERT(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

void set(void* socket, int option, int64_t value) {
  TROUPE_ASSERT(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

void set(void* socket, int option, const std::string& value) {
  TROUPE_ASSERT(zmq_setsockopt(socket, option, value.data(), value.size()) == 0);
}

int get_int(void* socket, int option) {
  int value = 0;
  size_t size = sizeof value;
  return zmq_getsockopt(socket, option, &value, &size) == 0 ? value : 0;
}

/// Everything that ROUTERs and DEALERs have in common, security included. `server_key` is that of the node to call;
/// none makes a server.
void configure_socket(void* socket, Lane lane, const ZmqTransportOptions& options, const CurveKeys& keys,
                      const std::optional<std::string>& server_key) {
  const auto& limits = options.limits;
  const size_t frame_max = std::max({limits.header_bytes_max, limits.body_bytes_max, limits.attachment_bytes_max});
  set(socket, ZMQ_MAXMSGSIZE, static_cast<int64_t>(frame_max + encryption_bytes_max));
  set(socket, ZMQ_AFFINITY, int64_t{1} << static_cast<int>(lane));
  const size_t queue_max =
      lane == Lane::bulk ? std::min(options.peer_queue_max, bulk_queue_max) : options.peer_queue_max;
  set(socket, ZMQ_SNDHWM, static_cast<int>(queue_max));
  set(socket, ZMQ_RCVHWM, static_cast<int>(queue_max));
  set(socket, ZMQ_LINGER, 0);
  set(socket, ZMQ_HANDSHAKE_IVL, 2000);
  set(socket, ZMQ_CONNECT_TIMEOUT, 2000);
  set(socket, ZMQ_RECONNECT_IVL, 100);
  set(socket, ZMQ_RECONNECT_IVL_MAX, 2000);
  set(socket, ZMQ_TCP_KEEPALIVE, 1);
  set(socket, ZMQ_TCP_KEEPALIVE_IDLE, 30);
  set(socket, ZMQ_TCP_KEEPALIVE_INTVL, 5);
  set(socket, ZMQ_TCP_KEEPALIVE_CNT, 3);
  if (options.host.find(':') != std::string::npos) set(socket, ZMQ_IPV6, 1);
  if (lane == Lane::control) {
    set(socket, ZMQ_HEARTBEAT_IVL, 1000);
    set(socket, ZMQ_HEARTBEAT_TIMEOUT, 3000);
    set(socket, ZMQ_HEARTBEAT_TTL, 3000);
  }
  if (options.plaintext) return;
  set(socket, ZMQ_CURVE_SECRETKEY, keys.secret_key);
  if (server_key) {
    set(socket, ZMQ_CURVE_PUBLICKEY, keys.public_key);
    set(socket, ZMQ_CURVE_SERVERKEY, *server_key);
  } else {
    set(socket, ZMQ_CURVE_SERVER, 1);
    set(socket, ZMQ_ZAP_DOMAIN, Authenticator::domain(lane));
  }
}

constexpr int monitored_events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                                 ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                 ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_CLOSED;

Result<void*> open(const Context& context, int type) {
  void* const socket = zmq_socket(context.handle(), type);
  if (socket == nullptr)
    return fail(Errc::resource_exhausted, "cannot open a socket: {} (raise the limit of open files)",
                zmq_strerror(zmq_errno()));
  return socket;
}

bool put(void* socket, std::string_view bytes, int flags) {
  while (zmq_send(socket, bytes.data(), bytes.size(), flags) < 0)
    if (zmq_errno() != EINTR) return false;
  return true;
}

/// Bytes that ZeroMQ reads until it lets them go, on a thread of its own. Its queue between the threads is not seen by
/// the thread sanitizer; the flag is.
struct Lent {
  Bytes bytes;
  std::atomic<bool> is_lent{false};

  static void give_back(void*, void* lent) {
    std::unique_ptr<Lent> mine(static_cast<Lent*>(lent));
    static_cast<void>(mine->is_lent.load(std::memory_order_acquire));
  }
};

bool put(void* socket, const Bytes& bytes, int flags, TransportCounters& counters, bool lends) {
  if (!lends && bytes.size() < shared_bytes_min) {
    counters.frames_copied.fetch_add(1, std::memory_order_relaxed);
    return put(socket, bytes.view(), flags);
  }
  counters.frames_shared.fetch_add(1, std::memory_order_relaxed);
  auto lent = std::make_unique<Lent>(bytes);
  lent->is_lent.store(true, std::memory_order_release);
  // ZeroMQ only reads a frame that it sends.
  zmq::message_t frame(const_cast<std::byte*>(bytes.data()), bytes.size(), Lent::give_back, lent.release());
  while (zmq_msg_send(frame.handle(), socket, flags) < 0)
    if (zmq_errno() != EINTR) return false;
  return true;
}

bool take(void* socket, zmq::message_t& frame) {
  frame.rebuild();
  while (zmq_msg_recv(frame.handle(), socket, ZMQ_DONTWAIT) < 0)
    if (zmq_errno() != EINTR) return false;
  return true;
}

Bytes share(zmq::message_t&& frame) {
  const auto owner = std::make_shared<zmq::message_t>(std::move(frame));
  return Bytes::share(owner, {owner->data<std::byte>(), owner->size()});
}

/// Binds, and gives the descriptor that listens; where it cannot, the error negated.
int bind_and_tell(const Context& context, void* socket, const std::string& endpoint, Lane lane) {
  const std::string told = fmt::format("inproc://listening-{}", static_cast<int>(lane));
  const auto close = [](void* monitor) { zmq_close(monitor); };
  const std::unique_ptr<void, decltype(close)> monitor(zmq_socket(context.handle(), ZMQ_PAIR), close);
  if (!monitor || zmq_socket_monitor(socket, told.c_str(), ZMQ_EVENT_LISTENING) != 0 ||
      zmq_connect(monitor.get(), told.c_str()) != 0)
    return -zmq_errno();
  int fd = zmq_bind(socket, endpoint.c_str()) == 0 ? 0 : -zmq_errno();
  if (fd == 0) {
    // The first frame: the event and its value, in native byte order, unpadded. It has been sent when bind returns.
    std::array<char, 6> event{};
    TROUPE_ASSERT(zmq_recv(monitor.get(), event.data(), event.size(), 0) == static_cast<int>(event.size()));
    std::memcpy(&fd, event.data() + 2, sizeof fd);
  }
  zmq_socket_monitor(socket, nullptr, 0);
  return fd;
}

/// Listens where nobody connects.
int open_decoy() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0) return -1;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd, 1) == 0) return fd;
  ::close(fd);
  return -1;
}

void put_big_endian(char* out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) *out++ = static_cast<char>(value >> shift);
}

}  // namespace

Nonce random_nonce() {
  return {secure_random_u64(), secure_random_u64()};
}

RoutingId routing_id(NodeId node, Incarnation incarnation, const Nonce& nonce) {
  RoutingId id;
  put_big_endian(id.data(), node.value);
  put_big_endian(id.data() + 8, incarnation.value);
  put_big_endian(id.data() + 16, nonce[0]);
  put_big_endian(id.data() + 24, nonce[1]);
  return id;
}

bool is_id_of(std::string_view route, NodeId node, Incarnation incarnation) {
  const RoutingId id = routing_id(node, incarnation, {});
  return route.size() == id.size() && std::equal(id.begin(), id.begin() + 16, route.begin());
}

Context::Context(size_t peers_max) : handle_(zmq_ctx_new()) {
  TROUPE_ASSERT(handle_ != nullptr);
  TROUPE_ASSERT(zmq_ctx_set(handle_.get(), ZMQ_IO_THREADS, static_cast<int>(lane_count)) == 0);
  // Per peer and lane a DEALER and both ends of its monitor.
  const size_t sockets = std::min<size_t>(peers_max * 3 * lane_count + 1024,
                                          static_cast<size_t>(zmq_ctx_get(handle_.get(), ZMQ_SOCKET_LIMIT)));
  TROUPE_ASSERT(zmq_ctx_set(handle_.get(), ZMQ_MAX_SOCKETS, static_cast<int>(sockets)) == 0);
}

void Context::Terminate::operator()(void* context) const noexcept {
  while (zmq_ctx_term(context) != 0 && zmq_errno() == EINTR) continue;
}

struct Socket::State {
  State(void* open_handle, const wire::Limits& message_limits) : handle(open_handle), limits(message_limits) {}
  ~State() {
    // Ends its monitoring first: an event that found nobody at the other end would block an I/O thread.
    zmq_socket_monitor(handle, nullptr, 0);
    // ZeroMQ stops watching a descriptor before it closes it, so it must find there what it began to watch.
    for (const Listener& retired : retired_listeners) {
      ::dup3(retired.kept, retired.fd, O_CLOEXEC);
      ::close(retired.kept);
    }
    zmq_close(handle);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// Of a ROUTER: a descriptor of ZeroMQ's, and what was behind it before a decoy took its place.
  struct Listener {
    int fd = -1;
    int kept = -1;
  };

  void* handle;
  wire::Limits limits;
  bool routes = false;
  int listening_fd = -1;  ///< ZeroMQ's.
  std::vector<Listener> retired_listeners;
  zmq::message_t header;  ///< Of the last message; it knows the connection.
};

Socket::Socket(std::unique_ptr<State> state) : state_(std::move(state)) {}
Socket::Socket(Socket&&) noexcept = default;
Socket& Socket::operator=(Socket&&) noexcept = default;
Socket::~Socket() = default;

Result<Socket> Socket::router(const Context& context, Lane lane, const ZmqTransportOptions& options, uint16_t port,
                              std::string_view option) {
  TROUPE_TRY(void* const handle, open(context, ZMQ_ROUTER));
  auto state = std::make_unique<State>(handle, options.limits);
  state->routes = true;
  configure_socket(handle, lane, options, options.keys, std::nullopt);
  set(handle, ZMQ_ROUTER_MANDATORY, 1);
  set(handle, ZMQ_ROUTER_HANDOVER, 1);
  set(handle, ZMQ_BACKLOG, 1024);

  const bool v6 = options.host.find(':') != std::string::npos;
  const std::string endpoint =
      fmt::format("tcp://{}:{}", v6 ? "[" + options.host + "]" : options.host, port == 0 ? "*" : std::to_string(port));
  state->listening_fd = bind_and_tell(context, handle, endpoint, lane);
  if (state->listening_fd >= 0) return Socket(std::move(state));
  const int code = -state->listening_fd;
  if (code == EADDRINUSE)
    return fail(
        {Errc::failed_precondition,
         fmt::format("cannot listen on {} ({}): another process has it; stop that one, choose another {}, or 0 for "
                     "any free port",
                     endpoint, option, option),
         std::string(option),
         {}});
  if (code == ENODEV || code == EADDRNOTAVAIL || code == EINVAL)
    return fail(
        {Errc::failed_precondition,
         fmt::format("cannot listen on {} (host): '{}' is no address or interface of this machine; give one, e.g. "
                     "127.0.0.1 or 0.0.0.0",
                     endpoint, options.host),
         "host",
         {}});
  return fail({Errc::failed_precondition,
               fmt::format("cannot listen on {} ({}): {}", endpoint, option, zmq_strerror(code)),
               std::string(option),
               {}});
}

Result<Socket> Socket::dealer(const Context& context, Lane lane, const ZmqTransportOptions& options,
                              const CurveKeys& keys, const RoutingId& own_id, const std::string& server_key,
                              bool wait_for_connection) {
  if (!options.plaintext && !is_curve_key(server_key))
    return fail(Errc::failed_precondition, "its public key is not known, so it could be anybody");
  TROUPE_TRY(void* const handle, open(context, ZMQ_DEALER));
  auto state = std::make_unique<State>(handle, options.limits);
  configure_socket(handle, lane, options, keys, server_key);
  set(handle, ZMQ_IMMEDIATE, wait_for_connection ? 1 : 0);
  TROUPE_ASSERT(zmq_setsockopt(handle, ZMQ_ROUTING_ID, own_id.data(), own_id.size()) == 0);
  return Socket(std::move(state));
}

Result<Socket> Socket::pair(const Context& context, const std::string& endpoint, bool binds, int queue_max,
                            const wire::Limits& limits) {
  TROUPE_TRY(void* const handle, open(context, ZMQ_PAIR));
  auto state = std::make_unique<State>(handle, limits);
  const size_t frame_max = std::max({limits.header_bytes_max, limits.body_bytes_max, limits.attachment_bytes_max});
  set(handle, ZMQ_MAXMSGSIZE, static_cast<int64_t>(frame_max));
  set(handle, ZMQ_SNDHWM, queue_max);
  set(handle, ZMQ_RCVHWM, queue_max);
  set(handle, ZMQ_LINGER, 0);
  const int failed = binds ? zmq_bind(handle, endpoint.c_str()) : zmq_connect(handle, endpoint.c_str());
  if (failed != 0)
    return fail(Errc::io_error, "cannot {} {}: {}", binds ? "listen on" : "connect to", endpoint,
                zmq_strerror(zmq_errno()));
  return Socket(std::move(state));
}

// A listener of ZeroMQ's has the keys that its socket had when it was bound, for good, and takes all its connections
// along when it is unbound. So a second one is bound to the same listening descriptor; the first keeps its connections
// and finds a decoy under its descriptor, where nobody ever connects.
Status Socket::change_keys(const CurveKeys& keys) {
  State& state = *state_;
  const int fresh = ::fcntl(state.listening_fd, F_DUPFD_CLOEXEC, 0);
  const int kept = ::fcntl(state.listening_fd, F_DUPFD_CLOEXEC, 0);
  const int decoy = open_decoy();
  const auto close_all = [&] {
    for (const int fd : {fresh, kept, decoy})
      if (fd >= 0) ::close(fd);
  };
  if (fresh < 0 || kept < 0 || decoy < 0) {
    close_all();
    return fail(Errc::resource_exhausted, "cannot listen with another key: descriptors are short");
  }
  std::array<char, 256> endpoint{};
  size_t size = endpoint.size();
  TROUPE_ASSERT(zmq_getsockopt(state.handle, ZMQ_LAST_ENDPOINT, endpoint.data(), &size) == 0);
  set(state.handle, ZMQ_CURVE_SECRETKEY, keys.secret_key);
  set(state.handle, ZMQ_USE_FD, fresh);
  if (zmq_bind(state.handle, endpoint.data()) != 0) {
    const int code = zmq_errno();
    close_all();
    return fail(Errc::resource_exhausted, "cannot listen with another key: {}", zmq_strerror(code));
  }
  ::dup3(decoy, state.listening_fd, O_CLOEXEC);
  ::close(decoy);
  state.retired_listeners.push_back({state.listening_fd, kept});
  state.listening_fd = fresh;
  return {};
}

Status Socket::connect(const std::string& endpoint) {
  if (zmq_connect(state_->handle, endpoint.c_str()) == 0) return {};
  return fail(Errc::invalid_argument, "cannot connect to '{}': {}; an endpoint looks like tcp://127.0.0.1:7420",
              endpoint, zmq_strerror(zmq_errno()));
}

void Socket::close(Duration linger) {
  if (!state_) return;
  set(state_->handle, ZMQ_LINGER, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(linger).count()));
  state_.reset();
}

Sent Socket::send(std::string_view route, std::string_view header, const wire::Body& body, TransportCounters& counters,
                  bool lends) {
  void* const handle = state_->handle;
  constexpr int more = ZMQ_DONTWAIT | ZMQ_SNDMORE;
  if (!put(handle, state_->routes ? route : header, more)) {
    return zmq_errno() == EAGAIN ? Sent::full : Sent::unreachable;
  }
  // Once the first frame is in, others fail only because the connection went away. They are offered all the same:
  // ZeroMQ discards up to the last one.
  bool whole = !state_->routes || put(handle, header, more);
  const auto& attachments = body.attachments;
  whole &= put(handle, body.data, attachments.empty() ? ZMQ_DONTWAIT : more, counters, lends);
  for (size_t i = 0; i < attachments.size(); ++i)
    whole &= put(handle, attachments[i], i + 1 == attachments.size() ? ZMQ_DONTWAIT : more, counters, lends);
  return whole ? Sent::sent : Sent::lost;
}

bool Socket::receive(Incoming& message) {
  message = Incoming{std::move(message.route), std::move(message.header), {}, false};
  message.route.clear();
  message.header.clear();
  const wire::Limits& limits = state_->limits;
  const size_t first = state_->routes ? 1 : 0;  // The envelope's place.
  bool within_limits = true;
  size_t index = 0;
  size_t attached = 0;
  zmq::message_t frame;
  for (bool more = true; more; ++index) {
    if (!take(state_->handle, frame)) return index > 0;
    more = frame.more();
    if (index < first) {
      message.route.assign(frame.data<char>(), frame.size());
    } else if (index == first) {
      within_limits = frame.size() <= limits.header_bytes_max;
      if (within_limits) message.header.assign(frame.data<char>(), frame.size());
      state_->header = std::move(frame);
    } else if (index == first + 1) {
      within_limits &= frame.size() <= limits.body_bytes_max;
      if (within_limits) message.body.data = share(std::move(frame));
    } else if (within_limits) {
      attached += frame.size();
      within_limits =
          message.body.attachments.size() < limits.attachments_max && attached <= limits.attachment_bytes_max;
      if (within_limits) message.body.attachments.push_back(share(std::move(frame)));
    }
  }
  message.complete = within_limits && index >= first + 2;
  return true;
}

int Socket::source_fd() const {
  return zmq_msg_get(state_->header.handle(), ZMQ_SRCFD);
}

std::string_view Socket::source_user() const {
  const char* const user = zmq_msg_gets(state_->header.handle(), "User-Id");
  return user == nullptr ? std::string_view{} : std::string_view(user);
}

std::string Socket::address_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (fd < 0 || ::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  const auto bytes = [](const auto& ip) { return std::string(reinterpret_cast<const char*>(&ip), sizeof ip); };
  return address.ss_family == AF_INET6 ? bytes(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
                                       : bytes(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
}

void Socket::cut(int fd) const {
  // The descriptor may have been closed a moment ago and be another's now; at worst it is another one of this port.
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (fd < 0 || ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return;
  const in_port_t bound = address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                                        : reinterpret_cast<const sockaddr_in&>(address).sin_port;
  if (ntohs(bound) == port()) ::shutdown(fd, SHUT_RDWR);
}

int Socket::fd() const {
  return get_int(state_->handle, ZMQ_FD);
}

Socket::Events Socket::events() const {
  const int events = get_int(state_->handle, ZMQ_EVENTS);
  return {(events & ZMQ_POLLIN) != 0, (events & ZMQ_POLLOUT) != 0};
}

uint16_t Socket::port() const {
  std::array<char, 256> endpoint{};
  size_t size = endpoint.size();
  TROUPE_ASSERT(zmq_getsockopt(state_->handle, ZMQ_LAST_ENDPOINT, endpoint.data(), &size) == 0);
  const std::string_view text(endpoint.data());
  return static_cast<uint16_t>(std::stoul(std::string(text.substr(text.rfind(':') + 1))));
}

void* Socket::handle() const noexcept {
  return state_->handle;
}

Result<Monitor> Monitor::of(const Context& context, Socket& socket, const std::string& name) {
  const std::string address = "inproc://" + name;
  TROUPE_TRY(void* const handle, open(context, ZMQ_PAIR));
  Monitor monitor(handle);
  set(handle, ZMQ_LINGER, 0);
  set(handle, ZMQ_RCVHWM, 0);  // An I/O thread that reports an event must never wait for us.
  if (zmq_socket_monitor(socket.handle(), address.c_str(), monitored_events) != 0 ||
      zmq_connect(handle, address.c_str()) != 0)
    return fail(Errc::resource_exhausted, "cannot monitor a socket: {} (raise the limit of open files)",
                zmq_strerror(zmq_errno()));
  return monitor;
}

std::optional<Monitor::Event> Monitor::next() {
  // Two frames: event and value in native byte order, unpadded; the endpoint.
  zmq::message_t frame;
  if (!take(socket_.get(), frame) || frame.size() < 6) return std::nullopt;
  uint16_t event = 0;
  int32_t value = 0;
  std::memcpy(&event, frame.data<char>(), sizeof event);
  std::memcpy(&value, frame.data<char>() + sizeof event, sizeof value);
  while (frame.more() && take(socket_.get(), frame)) continue;
  const What what = event == ZMQ_EVENT_ACCEPTED                ? What::accepted
                    : event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED   ? What::connected
                    : event == ZMQ_EVENT_DISCONNECTED          ? What::broken
                    : event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH ? What::refused
                    : event == ZMQ_EVENT_CLOSED                ? What::unreached
                                                               : What::failed;
  const bool is_plain =
      event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL && value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH;
  return Event{what, value, is_plain};
}

int Monitor::fd() const {
  return get_int(socket_.get(), ZMQ_FD);
}

void Monitor::Close::operator()(void* socket) const noexcept {
  zmq_close(socket);
}

}  // namespace troupe::bus::internal
