#pragma once
// BackEndHealth: how a replica's back end does, for `troupe actors`. Never on a request's way.

#include <functional>
#include <mutex>

#include "actors/worker/load.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::worker {

/// Written by the worker and the back end's thread, read by the node agent. Thread-safe. Outlives the worker.
class BackEndHealth {
 public:
  void on_state(protocol::ReplicaState state, const std::string& reason, WallTime wall);
  /// It runs in a process of its own.
  void on_process(uint32_t pid, Time now);
  /// The process has said what it does: one step, for so long; 0 = none.
  void on_progress(Duration step_running, Time now);

  /// It runs on a thread of this process: for how long the step has run that runs there now, 0 = none does. Empty: it
  /// does no longer; nobody asks `step_running` after that.
  void on_thread(std::function<Duration()> step_running);

  /// Of the process that it runs in; 0 where it has none of its own.
  uint32_t pid() const;
  /// None where there is no back end: the worker was given up, or has stopped.
  std::optional<protocol::ActorHealth> row(ReplicaId replica, const ReplicaLoad& load, Time now) const;

 private:
  mutable std::mutex mutex_;
  protocol::ReplicaState state_ = protocol::ReplicaState::stopped;
  std::string last_error_;
  WallTime since_;
  uint32_t pid_ = 0;
  std::function<Duration()> on_thread_;
  Time heard_{};
  Duration step_running_{0};  ///< When it was heard.
};

}  // namespace troupe::worker
