#pragma once
// ReplicaSet: the replicas of one version as a gateway sees them, and which one is next. Pure: no actors, no clock.

#include <optional>
#include <vector>

#include "actors/balancer/wait_estimate.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/random.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::balancer {

/// How a dispatch ended, as far as the replica's health goes.
enum class Ending : uint8_t {
  answered,  ///< Well or badly, but by the replica: it lives.
  refused,   ///< It could not be reached or takes nothing now; nothing was begun.
  lost,      ///< It died over it, or its node did.
};

/// Each failure in a row ejects a replica for longer; after that one request at a time tries it, until one is answered.
/// `now` must not go backwards.
class ReplicaSet {
 public:
  static constexpr Duration ejection_min = std::chrono::milliseconds{250};
  static constexpr Duration ejection_max = std::chrono::seconds{8};

  /// Sets who is there. Replicas that stay keep their counts; one that comes back begins anew.
  void update(const std::vector<protocol::RoutedReplica>& replicas);

  /// The next replica that is not ejected and not in `tried`, or none. round_robin takes them in turn;
  /// least_outstanding_of_two draws two at random and takes the one with fewer requests out (Mitzenmacher 2001). Those
  /// that are full or too busy to answer by `deadline` come last. O(replicas).
  std::optional<ReplicaId> pick(protocol::BalancingPolicy policy, const std::vector<ReplicaId>& tried, Random& random,
                                Time now, std::optional<Time> deadline = {});

  /// Where every replica that takes requests is full, or too busy to answer by `deadline`: when to come back. None:
  /// send it.
  std::optional<Duration> busy_for(std::optional<Time> deadline, Time now) const;

  void on_dispatch(ReplicaId replica);
  void on_end(ReplicaId replica, Ending ending, Time now);
  /// After on_end: what the answer said of the replica's load.
  void on_answer(ReplicaId replica, const std::optional<protocol::LoadReport>& load, Time now);
  /// After on_end: the replica refused the request as its queue is full.
  void on_full(ReplicaId replica, Time now);

  size_t size() const noexcept { return replicas_.size(); }
  uint32_t outstanding(ReplicaId replica) const;

 private:
  struct Entry {
    ReplicaId id;
    uint32_t outstanding = 0;
    uint32_t strikes = 0;  ///< Ejections in a row.
    Time ejected_until{};
    WaitEstimate wait{};

    bool takes(Time now) const noexcept { return strikes == 0 || (ejected_until <= now && outstanding == 0); }
    /// By how much it would answer too late; 0 or less: in time. A full one counts as late by what its queue takes.
    Duration lateness(std::optional<Time> deadline, Time now) const;
  };
  Entry* find(ReplicaId replica);
  std::vector<size_t> candidates(const std::vector<ReplicaId>& tried, std::optional<Time> deadline, Time now) const;

  std::vector<Entry> replicas_;
  size_t turn_ = 0;
};

}  // namespace troupe::balancer
