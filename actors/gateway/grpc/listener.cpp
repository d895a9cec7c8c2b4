#include "actors/gateway/grpc/listener.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

namespace troupe::gateway {
namespace {

using Verdict = http::ConnectionBounds::Verdict;

/// How long to leave connections waiting while there are no descriptors for them.
constexpr std::chrono::milliseconds starved_pause{50};

tl::unexpected<Error> cannot_listen(const ListenerOptions& options, const std::string& why, bool is_taken) {
  const std::string advice = is_taken
                                 ? fmt::format("; set {} to another port, or to 0 for a free one", options.port_option)
                                 : fmt::format("; check the host and {}", options.port_option);
  return fail(Error{Errc::failed_precondition,
                    fmt::format("cannot listen on {}:{}: {}{}", options.host, options.port, why, advice),
                    options.port_option,
                    {}});
}

/// Bytes of an IP address; empty for others.
std::string address_of(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer).sin_addr;
    return {reinterpret_cast<const char*>(&v4), sizeof v4};
  }
  if (peer.ss_family != AF_INET6) return {};
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
  return {reinterpret_cast<const char*>(&v6), sizeof v6};
}

uint16_t port_of(int socket) {
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &length) != 0) return 0;
  return ntohs(own.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(own).sin6_port
                                         : reinterpret_cast<sockaddr_in&>(own).sin_port);
}

/// 0: it is not open.
ino_t inode_of(int file) {
  struct stat state {};
  return ::fstat(file, &state) == 0 ? state.st_ino : 0;
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(ListenerOptions options) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &wanted, &found))
    return cannot_listen(options, ::gai_strerror(error), false);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  std::unique_ptr<Listener> listener(new Listener(std::move(options)));
  listener->wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  listener->socket_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener->socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (listener->wake_ < 0 || listener->socket_ < 0 ||
      ::bind(listener->socket_, found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(listener->socket_, SOMAXCONN) != 0) {
    const int error = errno;
    return cannot_listen(listener->options_, std::error_code(error, std::generic_category()).message(),
                         error == EADDRINUSE);
  }
  listener->port_ = port_of(listener->socket_);
  return listener;
}

Listener::~Listener() {
  if (socket_ >= 0) ::close(socket_);
  if (wake_ >= 0) ::close(wake_);
}

void Listener::wake() {
  const uint64_t one = 1;
  static_cast<void>(!::write(wake_, &one, sizeof one));
}

/// Whether a connection may have come.
bool Listener::wait(Duration patience) {
  if (is_starved_) patience = std::min<Duration>(patience, starved_pause);
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(patience);
  pollfd files[] = {{wake_, POLLIN, 0}, {socket_, POLLIN, 0}};
  if (::poll(files, is_starved_ ? 1 : 2, static_cast<int>(ms.count())) <= 0) return is_starved_;
  uint64_t count = 0;
  if (files[0].revents != 0) static_cast<void>(!::read(wake_, &count, sizeof count));
  return is_starved_ || files[1].revents != 0;
}

std::vector<int> Listener::accept(Duration patience) {
  constexpr size_t at_once_max = 64;
  std::vector<int> accepted;
  if (!wait(patience)) return accepted;
  is_starved_ = false;
  while (accepted.size() < at_once_max) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const int connection =
        ::accept4(socket_, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection < 0) {
      is_starved_ = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (errno == EINTR || errno == ECONNABORTED) continue;
      break;
    }
    if (!admit(connection, http::address_key(address_of(peer)))) {
      ::close(connection);
      continue;
    }
    const int yes = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    accepted.push_back(connection);
  }
  return accepted;
}

bool Listener::admit(int connection, const std::string& address) {
  forget(connection);  // Who had the descriptor before has ended.
  Verdict verdict = bounds_.enter(address);
  if (verdict != Verdict::serve) {
    if (verdict != Verdict::drop) bounds_.leave(address, verdict);
    forget_closed();
    verdict = bounds_.enter(address);
  }
  if (verdict == Verdict::serve) {
    connections_.emplace(connection, Connection{inode_of(connection), address});
    return true;
  }
  if (verdict != Verdict::drop) bounds_.leave(address, verdict);
  if (options_.on_cut) options_.on_cut(verdict == Verdict::address_full ? "connections_of_address" : "connections");
  return false;
}

void Listener::forget_closed() {
  std::erase_if(connections_, [this](const auto& entry) {
    const auto& [file, connection] = entry;
    if (inode_of(file) == connection.inode) return false;
    bounds_.leave(connection.address, Verdict::serve);
    return true;
  });
}

void Listener::forget(int connection) {
  const auto known = connections_.extract(connection);
  if (known) bounds_.leave(known.mapped().address, Verdict::serve);
}

}  // namespace troupe::gateway
