#pragma once
// ConnectionBounds: how many connections may be open, in total and from one address. No sockets.

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace troupe::http {

/// Thread-safe.
class ConnectionBounds {
 public:
  enum class Verdict : uint8_t {
    serve,
    full,          ///< Tell the client, then close.
    address_full,  ///< Likewise.
    drop,          ///< Close; enough others are being told already.
  };

  ConnectionBounds(uint32_t connections_max, uint32_t per_address_max)
      : connections_max_(connections_max), per_address_max_(per_address_max) {}

  /// For every verdict but `drop` the caller owes one leave() with it. `address` is what address_key() says.
  Verdict enter(const std::string& address);
  void leave(const std::string& address, Verdict verdict);

 private:
  /// Clients that may be told at the same time that there is no room.
  static constexpr uint32_t refusals_max = 64;

  const uint32_t connections_max_;
  const uint32_t per_address_max_;
  std::mutex mutex_;
  uint32_t served_ = 0;
  uint32_t refused_ = 0;
  std::unordered_map<std::string, uint32_t> per_address_;
};

/// `wanted`, but at most one in `parts` of the files that the process may open: other doors, the bus and the store need
/// descriptors too, and some of what uses them cannot do without.
uint32_t within_open_files(uint32_t wanted, unsigned parts);

/// What counts as one address: all of an IPv4 address (4 bytes, or mapped into 16), the first 64 bits of an IPv6 one.
std::string address_key(std::string_view bytes);

}  // namespace troupe::http
