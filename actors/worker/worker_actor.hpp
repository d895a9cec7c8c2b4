#pragma once
// WorkerActor: the life of one replica's back end: load, warm up, ready, drain, unload, and again after a failure.

#include <atomic>
#include <functional>
#include <memory>

#include "actors/worker/back_end_health.hpp"
#include "actors/worker/backend.hpp"
#include "actors/worker/messages.hpp"
#include "actors/worker/work_table.hpp"
#include "runtime/actor/actor.hpp"
#include "runtime/actor/restart_policy.hpp"

namespace troupe::worker {

using BackendFactory =
    std::function<Result<std::unique_ptr<Backend>>(const protocol::ReplicaSpec& spec, BackendEvents& events)>;

struct WorkerOptions {
  protocol::ReplicaSpec spec;
  actor::Ref batcher;
  BackendFactory backend;
  std::shared_ptr<ReplicaLoad> load;
  std::shared_ptr<BackEndHealth> health;
  actor::RestartOptions restart;
  /// Told of every change, on this actor: hand it over.
  std::function<void(protocol::ReplicaStatus)> on_change;
};

/// Takes Batch, CancelWork, CreditWork and Drain.
class WorkerActor final : public actor::Actor {
 public:
  WorkerActor(actor::Context& context, WorkerOptions options);
  ~WorkerActor() override;

  void started() override;

 private:
  class Events;

  void load();
  void drop_backend();
  void backend_failed(const Error& error);
  void become_ready();
  /// The requests that the spec names, one after the other; ready after the last one.
  void warm_up(size_t next);
  void warm_up_failed(size_t at, const Error& error);
  void set_state(protocol::ReplicaState state, std::string reason = {});
  void execute(const Batch& batch);
  void cancel(const CancelWork& cancel);
  void credit(const CreditWork& credit);
  void drop_expired();
  void drain();
  void stop_if_drained();
  void tell_batcher(uint32_t slots);

  WorkerOptions options_;
  actor::RestartPolicy restart_policy_;
  protocol::ReplicaStatus status_;
  std::shared_ptr<WorkTable> table_;
  std::unique_ptr<Events> events_;  ///< Outlives backend_, which calls it.
  std::unique_ptr<Backend> backend_;
  actor::TimerId expiry_timer_;        ///< Set while something may be inside.
  actor::TimerId warm_up_timer_;       ///< Of the request that is waited for.
  uint64_t life_ = 0;                  ///< Which back end events are of: late ones of a closed one are ignored.
  std::atomic<bool> draining_{false};  ///< Read on the back end's thread.
};

}  // namespace troupe::worker
