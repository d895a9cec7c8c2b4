#include "actors/worker/replica.hpp"

#include "actors/batcher/batcher_actor.hpp"
#include "actors/worker/echo_backend.hpp"
#include "actors/worker/native_backend.hpp"
#include "runtime/protocol/paths.hpp"
#include "storage/model_store.hpp"

namespace troupe::worker {

Result<Replica> start_replica(actor::Host& host, const protocol::ReplicaSpec& spec, BackendFactory backend,
                              std::function<void(protocol::ReplicaStatus)> on_change) {
  Replica replica;
  replica.load = std::make_shared<ReplicaLoad>();
  const batcher::BatchOptions batching{spec.batching.size_max, spec.batching.delay_max, spec.batching.queue_max};
  TROUPE_TRY(replica.batcher,
             host.spawn_actor<batcher::BatcherActor>(protocol::replica_path(spec.id), {}, batching, replica.load));
  WorkerOptions options{spec, replica.batcher, std::move(backend), replica.load, {}, std::move(on_change)};
  auto worker = host.spawn_actor<WorkerActor>(protocol::worker_path(spec.id), {}, std::move(options));
  if (!worker) {
    host.stop(replica.batcher);
    return fail(worker.error());
  }
  replica.worker = std::move(*worker);
  return replica;
}

void drain_replica(const Replica& replica) {
  static_cast<void>(replica.batcher.send(Drain{}));
}

void end_replica(actor::Host& host, const Replica& replica, std::function<void()> ended) {
  host.stop(replica.worker,
            [&host, batcher = replica.batcher, ended = std::move(ended)] { host.stop(batcher, ended); });
}

Result<std::unique_ptr<Backend>> make_thread_backend(const protocol::ReplicaSpec& spec, const Clock& clock,
                                                     BackendEvents& events) {
  switch (spec.backend) {
    case protocol::BackendKind::echo:
      return make_echo_backend(spec.echo, clock, events);
    case protocol::BackendKind::native:
      return make_native_backend(
          spec, [folder = spec.folder] { return storage::verify_model_folder(folder); }, clock, events);
    case protocol::BackendKind::python:
      return fail(Errc::failed_precondition, "a back end in Python runs in a process of its own, not on a thread");
  }
  return fail(Errc::unimplemented, "this version of Troupe has no back end of kind {}", static_cast<int>(spec.backend));
}

BackendFactory make_backend(std::shared_ptr<ChildHost> children, const Clock& clock, PythonOptions python) {
  return [children = std::move(children), &clock, python = std::move(python)](
             const protocol::ReplicaSpec& spec, BackendEvents& events) -> Result<std::unique_ptr<Backend>> {
    if (spec.isolation == protocol::Isolation::thread) return make_thread_backend(spec, clock, events);
    if (!children) return fail(Errc::failed_precondition, "this node is no worker: it has no processes for back ends");
    if (spec.backend == protocol::BackendKind::python) return make_python_backend(spec, python, *children, events);
    return children->make_backend(spec, events);
  };
}

}  // namespace troupe::worker
