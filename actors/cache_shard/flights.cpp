#include "actors/cache_shard/flights.hpp"

#include <algorithm>

namespace troupe::cache_shard {

bool Flights::join(const Lookup& lookup) {
  keys_[lookup.dispatch.id] = lookup.key;
  const auto [flight, first] = flights_.try_emplace(lookup.key);
  if (first) {
    flight->second.leader = lookup;
  } else {
    flight->second.followers.push_back(lookup);
    ++waiting_;
  }
  return first;
}

std::vector<Lookup> Flights::land(const std::string& key) {
  auto flight = flights_.extract(key);
  if (flight.empty()) return {};
  keys_.erase(flight.mapped().leader.dispatch.id);
  std::vector<Lookup> followers(std::make_move_iterator(flight.mapped().followers.begin()),
                                std::make_move_iterator(flight.mapped().followers.end()));
  for (const Lookup& follower : followers) keys_.erase(follower.dispatch.id);
  waiting_ -= followers.size();
  return followers;
}

std::optional<Lookup> Flights::next(const std::string& key) {
  const auto flight = flights_.find(key);
  if (flight == flights_.end()) return std::nullopt;
  keys_.erase(flight->second.leader.dispatch.id);
  if (flight->second.followers.empty()) {
    flights_.erase(flight);
    return std::nullopt;
  }
  flight->second.leader = std::move(flight->second.followers.front());
  flight->second.followers.pop_front();
  --waiting_;
  return flight->second.leader;
}

bool Flights::withdraw(balancer::DispatchId id) {
  const auto key = keys_.find(id);
  if (key == keys_.end()) return false;
  Flight& flight = flights_.at(key->second);
  if (flight.leader.dispatch.id == id) return false;
  std::erase_if(flight.followers, [&](const Lookup& lookup) { return lookup.dispatch.id == id; });
  keys_.erase(key);
  --waiting_;
  return true;
}

std::optional<Lookup> Flights::flying(balancer::DispatchId id) const {
  const auto key = keys_.find(id);
  if (key == keys_.end()) return std::nullopt;
  const Lookup& leader = flights_.at(key->second).leader;
  return leader.dispatch.id == id ? std::optional(leader) : std::nullopt;
}

}  // namespace troupe::cache_shard
