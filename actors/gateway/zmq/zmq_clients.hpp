#pragma once
// ZmqClients: which requests of which clients are open. Pure; belongs to the front end's thread.

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/balancer/messages.hpp"

namespace troupe::gateway {

class ZmqClients {
 public:
  ZmqClients(uint32_t clients_max, uint32_t in_flight_per_client_max)
      : clients_max_(clients_max), in_flight_max_(in_flight_per_client_max) {}

  /// Why the request can't be taken, or none: then it is open. invalid_argument where the client has one open under the
  /// same correlation id; overloaded past a bound.
  Status open(const std::string& client, CorrelationId correlation, balancer::DispatchId id);
  /// Closes a request; none where it is not open (any more).
  std::optional<balancer::DispatchId> close(const std::string& client, CorrelationId correlation);
  /// Whether exactly this request is open.
  bool is_open(const std::string& client, CorrelationId correlation, balancer::DispatchId id) const;
  /// A client's open requests.
  std::vector<CorrelationId> open_of(const std::string& client) const;
  /// Closes all of a client's requests, or of all clients.
  std::vector<balancer::DispatchId> drop(const std::string& client);
  std::vector<balancer::DispatchId> drop_all();

 private:
  uint32_t clients_max_;
  uint32_t in_flight_max_;
  std::unordered_map<std::string, std::unordered_map<CorrelationId, balancer::DispatchId>> clients_;
};

}  // namespace troupe::gateway
