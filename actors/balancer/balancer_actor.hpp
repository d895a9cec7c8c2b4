#pragma once
// BalancerActor: sends a model's requests to its replicas and brings the answers back. Lives beside every gateway, one
// a model, at "balancer/<model>".

#include <deque>
#include <string>
#include <unordered_map>

#include "actors/balancer/messages.hpp"
#include "actors/balancer/replica_set.hpp"
#include "actors/balancer/retry_budget.hpp"
#include "runtime/actor/actor.hpp"

namespace troupe::balancer {

struct BalancerOptions {
  uint32_t losses_max = 3;   ///< Replicas that may die over one request: the request may be what kills them.
  uint32_t held_max = 1024;  ///< Requests of the model that wait for a replica at once.
  Duration held_for = std::chrono::seconds{10};  ///< How long one waits at most, its deadline apart.
  uint64_t seed = 0;                             ///< Of the random choices.
  RetryBudgetOptions retries;
};

/// Takes Dispatch, CancelDispatch and UpdateRoutes.
///
/// A request that no replica could answer by its deadline, or for which each one's queue is full, is refused as
/// overloaded before it is sent anywhere, with a time to come back.
///
/// An attempt that ends before its first part goes to another replica: at no cost where the replica could not begin it
/// (unavailable) or was lost over it (lost), out of the retry budget where the replica is full (overloaded). Where no
/// replica is left but one is to be expected, the request is held until one comes. After the first part an error is the
/// client's: nothing is generated twice.
class BalancerActor final : public actor::Actor {
 public:
  BalancerActor(actor::Context& context, std::string model, BalancerOptions options);

 private:
  struct Version {
    protocol::BalancingPolicy policy{};
    ReplicaSet replicas;
    uint32_t coming = 0;  ///< Replicas that load.
  };
  struct Pending {
    Dispatch dispatch;
    std::optional<uint64_t> window;  ///< Of the sink.
    actor::CallId call;
    ReplicaId replica;
    std::vector<ReplicaId> tried;  ///< Since it was last held.
    uint32_t losses = 0;
    bool begun = false;              ///< A part has come.
    std::optional<Time> held_until;  ///< Set when it was first held.
  };

  void update(const UpdateRoutes& routes);
  void dispatch(const Dispatch& dispatch);
  void attempt(DispatchId id);
  void on_reply(DispatchId id, const actor::ReplyEvent& event);
  void on_failure(DispatchId id, const Error& error);
  void hold(DispatchId id);
  void serve_held();
  void cancel(const CancelDispatch& cancel);
  void credit(DispatchId id, uint64_t bytes);
  bool may_retry(Pending& pending, Errc code);
  void finish(DispatchId id, const Error& error);
  Error no_replica(const std::string& version) const;
  Status admit(const Dispatch& dispatch);

  std::string model_;
  BalancerOptions options_;
  SeededRandom random_;
  RetryBudget budget_;
  std::unordered_map<std::string, Version> versions_;
  std::unordered_map<ReplicaId, actor::Ref> refs_;
  std::unordered_map<DispatchId, Pending> pending_;
  std::deque<DispatchId> held_;  ///< In the order they came; some may have ended meanwhile.
  actor::TimerId held_timer_;
};

}  // namespace troupe::balancer
