#pragma once
// Host: all actors of one node, and their ways to other nodes. No process-wide state: a test or the simulator may have
// many hosts in one process.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/actor/actor.hpp"
#include "runtime/actor/executor.hpp"
#include "runtime/actor/supervision.hpp"
#include "runtime/actor/timer_service.hpp"
#include "runtime/bus/transport.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::actor {

struct HostOptions {
  NodeId node;
  Incarnation incarnation;  ///< Of the node's first life.
  wire::Limits limits;
};

struct SpawnOptions {
  uint64_t mailbox_max = 65536;             ///< Messages and requests that wait; Ref::send beyond is overloaded.
  Placement placement = Placement::shared;  ///< `own_thread` for actors that block.
  RestartOptions restart;
  /// It, or its supervisor, crashed once too often; on its last thread. Empty: nothing.
  std::function<void(const Error&)> on_give_up;
  bus::Lane lane = bus::Lane::request;  ///< By which others reach it; answers come back by the same.
  std::string parent;                   ///< The supervisor it starts under; empty: the node itself.
  bool escalates = true;  ///< Crashed once too often, it fails its supervisor; false: it alone is given up.
  /// Requests that come while it is restarted wait for it; false: they are refused as unavailable, to be tried
  /// elsewhere.
  bool holds_requests = true;
};

/// A supervisor: what of its children starts again when one crashes (supervision.hpp).
struct SupervisorOptions {
  std::string parent;  ///< Empty: the node itself.
  Strategy strategy = Strategy::one_for_one;
  RestartOptions restart;  ///< How often it is started again, whole, when children crash once too often.
  bool escalates = true;   ///< Past that, it fails its parent; false: it alone is given up.
  /// Children of it crashed and start again. On any thread; must only hand over.
  std::function<void(const Error&)> on_restart;
  /// It is given up, and its children with it. Likewise.
  std::function<void(const Error&)> on_give_up;
};

/// Calls that cross nodes and have not ended.
struct OpenCalls {
  size_t to_others = 0;
  size_t from_others = 0;
};

using ActorFactory = std::function<std::unique_ptr<Actor>(Context&)>;

/// Thread-safe. Destroy after everything that holds a Ref; destruction stops all actors.
class Host {
 public:
  /// `executor` runs the actors, `transport` reaches other nodes (nullptr: none), `timers` is where timers and
  /// deadlines wait (nullptr: on a thread of their own). `clock` and `transport` must outlive the host; stop the
  /// transport before the host is destroyed.
  static std::unique_ptr<Host> make(HostOptions options, Clock& clock, std::unique_ptr<Executor> executor,
                                    bus::Transport* transport, std::unique_ptr<TimerService> timers = nullptr);
  virtual ~Host() = default;

  /// Starts an actor at `path`. already_exists where one with that path runs; not_found where its parent does not
  /// exist; unavailable once the host stops, or while the parent restarts.
  virtual Result<Ref> spawn(std::string path, SpawnOptions options, ActorFactory factory) = 0;
  /// spawn_actor<Greeter>("greeter", {}, arguments…): arguments are copied for each (re)start.
  template <class A, class... Args>
  Result<Ref> spawn_actor(std::string path, SpawnOptions options, Args... args) {
    return spawn(std::move(path), options, [args...](Context& context) -> std::unique_ptr<Actor> {
      return std::make_unique<A>(context, args...);
    });
  }

  /// Makes a supervisor at `path`; nothing is done where its parent has one there already.
  virtual Status supervise(std::string path, SupervisorOptions options) = 0;
  /// Stops a supervisor's actors in order, last started first. All paths are free when `stopped` runs (on any thread).
  virtual void stop_supervisor(std::string_view path, std::function<void()> stopped = {}) = 0;

  /// The local actor at `path`, or an empty Ref.
  virtual Ref find(std::string_view path) = 0;
  /// An actor of another node, or of this one if `node` is this one's id. Says nothing about whether it exists.
  virtual Ref remote(NodeId node, Incarnation incarnation, std::string path, bus::Lane lane) = 0;

  /// Stops an actor in order; its path is free when `stopped` runs (on any thread).
  virtual void stop(const Ref& actor, std::function<void()> stopped = {}) = 0;
  /// Stops all, newest first, and waits until none is left. From then on spawn() is unavailable. Idempotent.
  virtual void stop_all() = 0;

  /// Fails all open calls to `node` with lost and notifies the monitors of its actors.
  virtual void peer_lost(NodeId node) = 0;

  /// The node has begun a new life, and its transport too: fails all open calls to other nodes with lost, and drops all
  /// work that others asked for.
  virtual void renew(Incarnation incarnation) = 0;

  /// For Transport::start.
  virtual void receive(bus::Lane lane, wire::Message message) = 0;

  virtual const HostOptions& options() const = 0;
  virtual Clock& clock() = 0;
  /// Of all actors and supervisors, those that were given up too: parents first, children in the order of their start.
  virtual std::vector<protocol::ActorHealth> health() const = 0;
  virtual OpenCalls open_calls() const = 0;
};

}  // namespace troupe::actor
