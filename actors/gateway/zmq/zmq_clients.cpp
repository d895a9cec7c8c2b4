#include "actors/gateway/zmq/zmq_clients.hpp"

namespace troupe::gateway {
namespace {

constexpr std::chrono::milliseconds come_back{1000};

}  // namespace

Status ZmqClients::open(const std::string& client, CorrelationId correlation, balancer::DispatchId id) {
  auto known = clients_.find(client);
  if (known == clients_.end()) {
    if (clients_.size() >= clients_max_) {
      return fail(Error{Errc::overloaded,
                        fmt::format("{} clients have open requests here, as many as may", clients_.size()),
                        {},
                        come_back});
    }
    known = clients_.try_emplace(client).first;
  }
  auto& requests = known->second;
  if (requests.size() >= in_flight_max_) {
    return fail(Error{Errc::overloaded,
                      fmt::format("this client has {} open requests, as many as it may", requests.size()),
                      {},
                      come_back});
  }
  if (!requests.try_emplace(correlation, id).second) {
    return fail_field("correlation_id", "correlation id {} is that of a request still open", correlation.value);
  }
  return {};
}

std::optional<balancer::DispatchId> ZmqClients::close(const std::string& client, CorrelationId correlation) {
  const auto known = clients_.find(client);
  if (known == clients_.end()) return std::nullopt;
  const auto request = known->second.find(correlation);
  if (request == known->second.end()) return std::nullopt;
  const balancer::DispatchId id = request->second;
  known->second.erase(request);
  if (known->second.empty()) clients_.erase(known);
  return id;
}

bool ZmqClients::is_open(const std::string& client, CorrelationId correlation, balancer::DispatchId id) const {
  const auto known = clients_.find(client);
  if (known == clients_.end()) return false;
  const auto request = known->second.find(correlation);
  return request != known->second.end() && request->second == id;
}

std::vector<CorrelationId> ZmqClients::open_of(const std::string& client) const {
  std::vector<CorrelationId> open;
  const auto known = clients_.find(client);
  if (known == clients_.end()) return open;
  for (const auto& [correlation, id] : known->second) open.push_back(correlation);
  return open;
}

std::vector<balancer::DispatchId> ZmqClients::drop(const std::string& client) {
  std::vector<balancer::DispatchId> ids;
  const auto known = clients_.find(client);
  if (known == clients_.end()) return ids;
  for (const auto& [correlation, id] : known->second) ids.push_back(id);
  clients_.erase(known);
  return ids;
}

std::vector<balancer::DispatchId> ZmqClients::drop_all() {
  std::vector<balancer::DispatchId> ids;
  for (const auto& [client, requests] : clients_) {
    for (const auto& [correlation, id] : requests) ids.push_back(id);
  }
  clients_.clear();
  return ids;
}

}  // namespace troupe::gateway
