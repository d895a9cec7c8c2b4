#pragma once
// Listener: accepts a server's connections within bounds, for a library that serves them but sets no bounds itself and
// does not say when one has ended.

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/http/connection_bounds.hpp"

namespace troupe::gateway {

struct ListenerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;  ///< 0 = any free one.
  std::string port_option;
  uint32_t connections_max = 4096;
  uint32_t connections_per_address_max = 2048;  ///< Of an IPv4 address or IPv6 /64.
  /// Of a connection that is cut off: "connections" or "connections_of_address".
  std::function<void(std::string_view reason)> on_cut;
};

/// One thread uses it; wake() and port() may be called from any.
class Listener {
 public:
  /// failed_precondition, naming address and option, where the port is taken.
  static Result<std::unique_ptr<Listener>> open(ListenerOptions options);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  uint16_t port() const noexcept { return port_; }

  /// New connections within the bounds, for their owner to close; those over them are closed here. Waits for one until
  /// wake() or for `patience`.
  std::vector<int> accept(Duration patience);
  void wake();

 private:
  /// An open connection: its descriptor may be closed, and be another file's, before that is noticed.
  struct Connection {
    ino_t inode = 0;
    std::string address;
  };

  explicit Listener(ListenerOptions options)
      : options_(std::move(options)), bounds_(options_.connections_max, options_.connections_per_address_max) {}

  bool wait(Duration patience);
  bool admit(int connection, const std::string& address);
  void forget_closed();
  void forget(int connection);

  const ListenerOptions options_;
  int socket_ = -1;
  int wake_ = -1;
  uint16_t port_ = 0;
  bool is_starved_ = false;  ///< There was no descriptor for a connection.
  http::ConnectionBounds bounds_;
  std::unordered_map<int, Connection> connections_;  ///< By descriptor.
};

}  // namespace troupe::gateway
