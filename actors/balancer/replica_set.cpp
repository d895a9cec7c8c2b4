#include "actors/balancer/replica_set.hpp"

#include <algorithm>

namespace troupe::balancer {

void ReplicaSet::update(const std::vector<protocol::RoutedReplica>& replicas) {
  std::vector<Entry> entries;
  for (const protocol::RoutedReplica& replica : replicas) {
    const Entry* known = find(replica.id);
    entries.push_back(known ? *known : Entry{replica.id, 0, 0, {}});
  }
  replicas_ = std::move(entries);
}

std::vector<size_t> ReplicaSet::candidates(const std::vector<ReplicaId>& tried, Time now) const {
  std::vector<size_t> found;
  for (size_t i = 0; i < replicas_.size(); ++i) {
    const bool was_tried = std::find(tried.begin(), tried.end(), replicas_[i].id) != tried.end();
    if (!was_tried && replicas_[i].takes(now)) found.push_back(i);
  }
  return found;
}

std::optional<ReplicaId> ReplicaSet::pick(protocol::BalancingPolicy policy, const std::vector<ReplicaId>& tried,
                                          Random& random, Time now) {
  const std::vector<size_t> candidates = this->candidates(tried, now);
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

void ReplicaSet::on_end(ReplicaId replica, Ending ending, Time now) {
  Entry* entry = find(replica);
  if (entry == nullptr) return;
  if (entry->outstanding > 0) --entry->outstanding;
  if (ending == Ending::answered) {
    entry->strikes = 0;
    return;
  }
  // All that was out at a replica fails with it: that is one strike.
  if (entry->strikes > 0 && now < entry->ejected_until) return;
  constexpr uint32_t doublings_max = 5;
  static_assert(ejection_min * (1 << doublings_max) == ejection_max);
  entry->ejected_until = now + ejection_min * (1 << std::min(entry->strikes, doublings_max));
  ++entry->strikes;
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
