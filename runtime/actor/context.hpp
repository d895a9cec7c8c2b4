#pragma once
// Context: what an actor can do: call others, set timers, watch others, stop.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runtime/actor/ref.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"

namespace troupe::actor {

class Host;

using CallId = Id64<struct CallIdTag>;
using TimerId = Id64<struct TimerIdTag>;

/// One piece of the answer to a call, or its failure.
struct ReplyEvent {
  protocol::AnyMessage body;  ///< Empty when `error` is set.
  uint32_t index = 0;         ///< Of parts: from 0 without gaps.
  bool last = false;          ///< Nothing follows; true on failures.
  std::optional<Error> error;
};
using ReplyHandler = std::function<void(const ReplyEvent&)>;

struct CallOptions {
  std::optional<Time> deadline;  ///< At it the call fails with deadline_exceeded and the callee is told to cancel.
  std::string trace;             ///< Request id for logs.
  uint8_t priority = 0;
  std::optional<uint64_t> credit{};  ///< Bytes of the answer that the callee may send before it gets more credit; what
                                     ///< counts as a byte is theirs to agree on. None = as they are made.
};

/// Belongs to one actor; all functions but bind()'s result may be called only from its handlers.
class Context {
 public:
  virtual ~Context() = default;

  virtual const Ref& self() const = 0;
  virtual Host& host() = 0;
  virtual Time now() const = 0;
  virtual WallTime wall() const = 0;

  /// Sends `message` as a request. `handler` runs on this actor for each part and at most once with an error, never
  /// from inside call(). Handlers of calls still open when the actor ends are dropped and the callees cancelled.
  virtual CallId call(const Ref& callee, protocol::AnyMessage message, CallOptions options, ReplyHandler handler) = 0;
  template <class M>
  CallId call(const Ref& callee, M message, CallOptions options, ReplyHandler handler) {
    return call(callee, protocol::AnyMessage::of(std::move(message)), std::move(options), std::move(handler));
  }
  /// No further ReplyEvent comes; the callee is told. Unknown or ended ids are ignored.
  virtual void cancel(CallId call) = 0;
  /// The callee of a call with credit may send `bytes` more. Unknown or ended ids are ignored. overloaded: the lane to
  /// its node is full, and it was not told: try again.
  virtual Status credit(CallId call, uint64_t bytes) = 0;

  /// Runs `action` on this actor after `delay` (resolution 1 ms).
  virtual TimerId after(Duration delay, std::function<void()> action) = 0;
  virtual void cancel(TimerId timer) = 0;

  /// Runs `handler` on this actor once when the other one ends, crashes or becomes unreachable.
  virtual void monitor(const Ref& other, std::function<void(const Error&)> handler) = 0;

  /// Queues `action` to run on this actor; from any thread; dropped if the actor is gone by then. Not subject to the
  /// mailbox bound: use it for the results of work the actor itself began.
  virtual std::function<void(std::function<void()>)> poster() = 0;

  /// A thread-safe callback that runs `action` on this actor: pass it to asynchronous interfaces.
  ///   store.range("deployment/", context().bind<Result<Range>>([this](Result<Range> r) { … }));
  template <class... Args, class Action>
  std::function<void(Args...)> bind(Action action) {
    return [post = poster(), action = std::move(action)](Args... args) {
      post([action, ... args = std::move(args)]() mutable { action(std::move(args)...); });
    };
  }

  /// Ends this actor after the current handler; what waits in its mailbox is failed.
  virtual void stop() = 0;
};

}  // namespace troupe::actor
