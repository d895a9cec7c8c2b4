#include "actors/worker/replica.hpp"

#include "actors/batcher/batcher_actor.hpp"
#include "actors/worker/echo_backend.hpp"
#include "actors/worker/native_backend.hpp"
#include "runtime/protocol/paths.hpp"
#include "storage/model_store.hpp"

namespace troupe::worker {

namespace {

/// node > plane > model > replica. A replica that is given up does not take the model's others along.
Status supervise(actor::Host& host, const protocol::ReplicaSpec& spec, const std::shared_ptr<ReplicaLoad>& load,
                 const std::function<void(protocol::ReplicaStatus)>& on_change) {
  const std::string model = protocol::model_path(spec.model);
  TROUPE_CHECK(host.supervise(std::string(protocol::worker_plane_path), {}));
  TROUPE_CHECK(host.supervise(model, {.parent = std::string(protocol::worker_plane_path)}));
  protocol::ReplicaStatus status;
  status.id = spec.id;
  status.deployment = spec.deployment;
  status.model = spec.model;
  status.version = spec.version;
  const auto tell = [on_change, load, status](protocol::ReplicaState state, const Error& reason) {
    protocol::ReplicaStatus changed = status;
    changed.state = state;
    changed.reason = reason.message;
    changed.restarts = load->restarts;
    on_change(std::move(changed));
  };
  actor::SupervisorOptions options;
  options.parent = model;
  options.strategy = actor::Strategy::one_for_all;
  options.restart.restarts_max = 0;
  options.escalates = false;
  options.on_restart = [tell, load](const Error& reason) {
    load->restarts.fetch_add(1);
    tell(protocol::ReplicaState::backing_off, reason);
  };
  options.on_give_up = [tell](const Error& reason) { tell(protocol::ReplicaState::failed, reason); };
  return host.supervise(protocol::replica_path(spec.id), std::move(options));
}

}  // namespace

Result<Replica> start_replica(actor::Host& host, const protocol::ReplicaSpec& spec, BackendFactory backend,
                              std::function<void(protocol::ReplicaStatus)> on_change) {
  Replica replica{spec.id, spec.model, {}, {}, std::make_shared<ReplicaLoad>(), std::make_shared<BackEndHealth>()};
  TROUPE_CHECK(supervise(host, spec, replica.load, on_change));
  const batcher::BatchOptions batching{spec.batching.size_max, spec.batching.delay_max, spec.batching.queue_max};
  actor::SpawnOptions options;
  options.parent = protocol::replica_path(spec.id);
  options.holds_requests = false;
  TROUPE_TRY(replica.batcher,
             host.spawn_actor<batcher::BatcherActor>(protocol::batcher_path(spec.id), options,
                                                     protocol::worker_path(spec.id), batching, replica.load));
  WorkerOptions worker{spec, replica.batcher,     std::move(backend), replica.load, replica.back_end,
                       {},   std::move(on_change)};
  auto started = host.spawn_actor<WorkerActor>(protocol::worker_path(spec.id), options, std::move(worker));
  if (!started) {
    host.stop_supervisor(options.parent);
    return fail(started.error());
  }
  replica.worker = std::move(*started);
  return replica;
}

Status drain_replica(const Replica& replica) {
  return replica.batcher.send(Drain{});
}

void end_replica(actor::Host& host, const Replica& replica, std::function<void()> ended) {
  host.stop_supervisor(protocol::replica_path(replica.id), std::move(ended));
}

void end_model(actor::Host& host, const std::string& model) {
  host.stop_supervisor(protocol::model_path(model));
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
