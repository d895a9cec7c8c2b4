#pragma once
// BalancerActor: sends a model's requests to its replicas and brings the answers back. Lives beside every gateway, one
// a model, at "balancer/<model>".

#include <string>
#include <unordered_map>

#include "actors/balancer/messages.hpp"
#include "actors/balancer/replica_set.hpp"
#include "actors/balancer/retry_budget.hpp"
#include "runtime/actor/actor.hpp"

namespace troupe::balancer {

struct BalancerOptions {
  uint32_t attempts_max = 4;  ///< Dispatches of one request at most, the first included.
  uint64_t seed = 0;          ///< Of the random choices.
  RetryBudgetOptions retries;
};

/// Takes Dispatch, CancelDispatch and UpdateRoutes.
///
/// An attempt that ends before its first part because the replica was lost (unavailable) goes to another replica at no
/// cost; one that was refused because the replica is full (overloaded) goes to another if the retry budget allows.
/// After the first part an error is the client's: nothing is generated twice.
class BalancerActor final : public actor::Actor {
 public:
  BalancerActor(actor::Context& context, std::string model, BalancerOptions options);

 private:
  struct Version {
    protocol::BalancingPolicy policy{};
    ReplicaSet replicas;
  };
  struct Pending {
    Dispatch dispatch;
    actor::CallId call;
    ReplicaId replica;
    std::vector<ReplicaId> tried;
    bool begun = false;  ///< A part has come.
  };

  void update(const UpdateRoutes& routes);
  void dispatch(const Dispatch& dispatch);
  void attempt(DispatchId id);
  void on_reply(DispatchId id, const actor::ReplyEvent& event);
  void on_failure(DispatchId id, const Error& error);
  void cancel(const CancelDispatch& cancel);
  bool may_retry(const Pending& pending, Errc code);
  void finish(DispatchId id, const Error& error);

  std::string model_;
  BalancerOptions options_;
  SeededRandom random_;
  RetryBudget budget_;
  std::unordered_map<std::string, Version> versions_;
  std::unordered_map<ReplicaId, actor::Ref> refs_;
  std::unordered_map<DispatchId, Pending> pending_;
};

}  // namespace troupe::balancer
