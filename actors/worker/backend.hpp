#pragma once
// Backend: what computes, behind the worker protocol. Every call is a message of that protocol and every answer comes
// as an event, so that a back end in a child process or in another language differs in nothing but the transport.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/worker/step_meter.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/cluster.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::worker {

/// Names a request at one back end.
using WorkId = Id64<struct WorkIdTag>;

struct WorkItem {
  WorkId id;
  std::shared_ptr<const protocol::ServeRequest> request;
  std::optional<Time> deadline;  ///< When nobody waits for it any more; it is cancelled then. None = never.
  /// Bytes of the answer, as protocol::stream_cost counts them, that may be sent before credit() gives more. None = as
  /// they are made. The last part goes out whatever there is, so that what is done frees its slot.
  std::optional<uint64_t> credit{};
};

/// What a back end says. Called on the back end's thread, in order; must not block.
class BackendEvents {
 public:
  virtual ~BackendEvents() = default;
  /// Files verified and weights mapped (ReplicaState::warming follows), and the first real step done (ready).
  virtual void on_loaded() = 0;
  virtual void on_warm() = 0;
  /// load() or warm-up failed, or the back end can't go on: it must be closed.
  virtual void on_failed(const Error& error) = 0;
  /// A piece of the answer to `id`; after the last one or an error nothing more comes for it.
  virtual void on_part(WorkId id, protocol::ResultPart part, bool last) = 0;
  virtual void on_error(WorkId id, const Error& error) = 0;
  /// For those who look at it: it runs in a process of its own, and what it does there now and then. Of a step that has
  /// run for `step_running`; 0 = none does.
  virtual void on_process(uint32_t /*pid*/) {}
  virtual void on_progress(Duration /*step_running*/) {}
};

/// Functions return at once (queue a command to the back end's own thread) and may be called from any one thread.
class Backend {
 public:
  virtual ~Backend() = default;  ///< Closes: unfinished work is dropped without events.

  /// Load, verify and warm up. Answers on_loaded and on_warm, or on_failed.
  virtual void load() = 0;
  /// A batch formed by the batcher. Back ends that batch by steps themselves (engines) merge it with what runs.
  virtual void execute(std::vector<WorkItem> batch) = 0;
  /// No event for `id` comes any more, from the next step on.
  virtual void cancel(WorkId id) = 0;
  /// So many more bytes of the answer to `id` may be sent.
  virtual void credit(WorkId id, uint64_t bytes) = 0;
  /// Requests that may be inside at once; the batcher holds the rest. Known once warm.
  virtual uint32_t slots() const = 0;
  /// What the model takes and gives. Known once warm; not declared where the back end does not say.
  virtual protocol::ModelInterface interface() const { return {}; }

  /// What the compute does now, and how long one step of it may take (0 = a second). From any thread.
  virtual StepProgress progress() const = 0;
  virtual Duration longest_step() const = 0;
};

}  // namespace troupe::worker
