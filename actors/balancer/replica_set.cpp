#include "actors/balancer/replica_set.hpp"

#include <algorithm>

namespace troupe::balancer {

void ReplicaSet::update(const std::vector<protocol::RoutedReplica>& replicas) {
  std::vector<Entry> entries;
  for (const protocol::RoutedReplica& replica : replicas) {
    const Entry* known = find(replica.id);
    entries.push_back(known ? *known : Entry{replica.id, 0, {}});
  }
  replicas_ = std::move(entries);
}

std::vector<size_t> ReplicaSet::eligible(const std::vector<ReplicaId>& tried, Time now) const {
  std::vector<size_t> healthy;
  std::vector<size_t> ejected;
  for (size_t i = 0; i < replicas_.size(); ++i) {
    if (std::find(tried.begin(), tried.end(), replicas_[i].id) != tried.end()) continue;
    (replicas_[i].ejected_until > now ? ejected : healthy).push_back(i);
  }
  return healthy.empty() ? ejected : healthy;
}

std::optional<ReplicaId> ReplicaSet::pick(protocol::BalancingPolicy policy, const std::vector<ReplicaId>& tried,
                                          Random& random, Time now) {
  // By far most often there is one replica, or none has been tried or ejected.
  const std::vector<size_t> candidates = eligible(tried, now);
  if (candidates.empty()) return std::nullopt;
  if (candidates.size() == 1) return replicas_[candidates[0]].id;
  if (policy == protocol::BalancingPolicy::round_robin) return replicas_[candidates[turn_++ % candidates.size()]].id;
  const size_t first = random.below(candidates.size());
  const size_t second = (first + 1 + random.below(candidates.size() - 1)) % candidates.size();
  const Entry& a = replicas_[candidates[first]];
  const Entry& b = replicas_[candidates[second]];
  return b.outstanding < a.outstanding ? b.id : a.id;
}

void ReplicaSet::on_dispatch(ReplicaId replica) {
  if (Entry* entry = find(replica)) ++entry->outstanding;
}

void ReplicaSet::on_end(ReplicaId replica, bool lost, Time now) {
  Entry* entry = find(replica);
  if (entry == nullptr) return;
  if (entry->outstanding > 0) --entry->outstanding;
  if (lost) entry->ejected_until = now + ejection;
}

uint32_t ReplicaSet::outstanding(ReplicaId replica) const {
  const auto entry = std::find_if(replicas_.begin(), replicas_.end(), [&](const Entry& e) { return e.id == replica; });
  return entry == replicas_.end() ? 0 : entry->outstanding;
}

ReplicaSet::Entry* ReplicaSet::find(ReplicaId replica) {
  const auto entry = std::find_if(replicas_.begin(), replicas_.end(), [&](const Entry& e) { return e.id == replica; });
  return entry == replicas_.end() ? nullptr : &*entry;
}

}  // namespace troupe::balancer
