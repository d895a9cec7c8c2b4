#pragma once
// A replica: batcher and worker over one back end. The node agent starts, drains and ends it.

#include <functional>

#include "actors/worker/child_backend.hpp"
#include "actors/worker/load.hpp"
#include "actors/worker/python_backend.hpp"
#include "actors/worker/worker_actor.hpp"
#include "runtime/actor/host.hpp"

namespace troupe::worker {

struct Replica {
  ReplicaId id;
  std::string model;
  actor::Ref batcher;
  actor::Ref worker;
  std::shared_ptr<ReplicaLoad> load;
  std::shared_ptr<BackEndHealth> back_end;
};

/// Starts both actors; loading begins at once. `on_change` is told of every change of state, on any thread.
///
/// Where one of the two crashes both start again: the batcher counts what the worker has inside, and neither knows the
/// other's requests. Those are lost. Where that does not help the replica is `failed`, with the reason.
Result<Replica> start_replica(actor::Host& host, const protocol::ReplicaSpec& spec, BackendFactory backend,
                              std::function<void(protocol::ReplicaStatus)> on_change);

/// Takes nothing new and finishes what is inside; on_change says `stopped` when nothing is left. Fails where the actors
/// were given up: then nothing is left.
Status drain_replica(const Replica& replica);

/// Ends both actors; what is inside fails as unavailable. `ended` runs when both paths are free, on any thread.
void end_replica(actor::Host& host, const Replica& replica, std::function<void()> ended);

/// The last replica of `model` here has ended. Only where none is started meanwhile.
void end_model(actor::Host& host, const std::string& model);

/// A back end on a thread of this process. `clock` and `events` must outlive it.
Result<std::unique_ptr<Backend>> make_thread_backend(const protocol::ReplicaSpec& spec, const Clock& clock,
                                                     BackendEvents& events);

/// Back ends where their spec's isolation says: in processes of `children` (refused where that is empty), or on
/// threads. `clock` must outlive them.
BackendFactory make_backend(std::shared_ptr<ChildHost> children, const Clock& clock, PythonOptions python = {});

}  // namespace troupe::worker
