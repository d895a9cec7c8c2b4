#include "actors/balancer/replica_set.hpp"

#include <algorithm>

namespace troupe::balancer {
namespace {

/// The estimate is a mean; who is let in should nearly always be answered in time.
constexpr double caution = 1.1;
constexpr Duration come_back_min = std::chrono::milliseconds{50};
constexpr Duration come_back_max = std::chrono::seconds{30};

}  // namespace

void ReplicaSet::update(const std::vector<protocol::RoutedReplica>& replicas) {
  std::vector<Entry> entries;
  for (const protocol::RoutedReplica& replica : replicas) {
    const Entry* known = find(replica.id);
    entries.push_back(known ? *known : Entry{replica.id, 0, 0, {}, {}});
  }
  replicas_ = std::move(entries);
}

Duration ReplicaSet::Entry::lateness(std::optional<Time> deadline, Time now) const {
  const Duration takes = wait.next(outstanding, now);
  if (wait.is_full(outstanding, now)) return std::max(takes / 2, come_back_min);
  if (!deadline) return Duration{0};
  return std::chrono::duration_cast<Duration>(takes * caution) - (*deadline - now);
}

std::optional<Duration> ReplicaSet::busy_for(std::optional<Time> deadline, Time now) const {
  std::optional<Duration> least;
  for (const Entry& entry : replicas_) {
    if (!entry.takes(now)) continue;
    const Duration late = entry.lateness(deadline, now);
    if (late <= Duration{0}) return std::nullopt;
    least = std::min(late, least.value_or(late));
  }
  if (!least) return std::nullopt;
  return std::clamp(*least, come_back_min, come_back_max);
}

std::vector<size_t> ReplicaSet::candidates(const std::vector<ReplicaId>& tried, std::optional<Time> deadline,
                                           Time now) const {
  std::vector<size_t> found;
  std::vector<size_t> late;
  for (size_t i = 0; i < replicas_.size(); ++i) {
    const bool was_tried = std::find(tried.begin(), tried.end(), replicas_[i].id) != tried.end();
    if (was_tried || !replicas_[i].takes(now)) continue;
    (replicas_[i].lateness(deadline, now) > Duration{0} ? late : found).push_back(i);
  }
  return found.empty() ? late : found;
}

std::optional<ReplicaId> ReplicaSet::pick(protocol::BalancingPolicy policy, const std::vector<ReplicaId>& tried,
                                          Random& random, Time now, std::optional<Time> deadline) {
  const std::vector<size_t> candidates = this->candidates(tried, deadline, now);
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

void ReplicaSet::on_answer(ReplicaId replica, const std::optional<protocol::LoadReport>& load, Time now) {
  if (Entry* entry = find(replica)) entry->wait.on_answer(load, now);
}

void ReplicaSet::on_full(ReplicaId replica, Time now) {
  if (Entry* entry = find(replica)) entry->wait.on_full(entry->outstanding, now);
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
