#pragma once
// ReplicaSet: the replicas of one version as a gateway sees them, and which one is next. Pure: no actors, no clock.

#include <optional>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/random.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::balancer {

/// `now` must not go backwards.
class ReplicaSet {
 public:
  /// A replica that was lost is passed over for so long, unless nobody else is left: longer than the head takes to find
  /// its node down, so that no request has to wait at a dead one.
  static constexpr Duration ejection = std::chrono::seconds{4};

  /// Sets who is there. Replicas that stay keep their counts.
  void update(const std::vector<protocol::RoutedReplica>& replicas);

  /// The next replica not in `tried`, or none. round_robin takes them in turn; least_outstanding_of_two draws two at
  /// random and takes the one with fewer requests out (Mitzenmacher 2001). O(replicas).
  std::optional<ReplicaId> pick(protocol::BalancingPolicy policy, const std::vector<ReplicaId>& tried, Random& random,
                                Time now);

  void on_dispatch(ReplicaId replica);
  /// A dispatch has ended; `lost`: the replica could not be reached or died over it.
  void on_end(ReplicaId replica, bool lost, Time now);

  size_t size() const noexcept { return replicas_.size(); }
  uint32_t outstanding(ReplicaId replica) const;

 private:
  struct Entry {
    ReplicaId id;
    uint32_t outstanding = 0;
    Time ejected_until{};
  };
  Entry* find(ReplicaId replica);
  std::vector<size_t> eligible(const std::vector<ReplicaId>& tried, Time now) const;

  std::vector<Entry> replicas_;
  size_t turn_ = 0;
};

}  // namespace troupe::balancer
