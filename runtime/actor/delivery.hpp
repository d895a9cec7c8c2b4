#pragma once
// Delivery: one thing that an actor's mailbox holds.

#include <functional>
#include <variant>

#include "runtime/actor/context.hpp"
#include "runtime/actor/reply.hpp"
#include "runtime/base/handover.hpp"
#include "runtime/protocol/any_message.hpp"

namespace troupe::actor::internal {

struct Start {};
struct Event {
  protocol::AnyMessage message;
};
struct Request {
  protocol::AnyMessage message;
  Reply reply;
};
struct Answer {
  CallId call;
  ReplyEvent event;
};
struct Cancelled {
  ReplyId reply;
};
struct Credited {
  ReplyId reply;
  uint64_t bytes = 0;
};
struct TimerFired {
  TimerId timer;
};
struct Down {
  uint64_t monitor = 0;
  Error error;
};
struct Action {
  std::function<void()> run;
};
struct Restart {};
/// Go down and wait for Restart; what comes meanwhile is kept.
struct Halt {};
/// Crashed once too often, or its supervisor has: end as failed.
struct GiveUp {
  Error reason;
};
struct Stop {
  std::function<void()> stopped;
};

struct Delivery {
  std::variant<Start, Event, Request, Answer, Cancelled, Credited, TimerFired, Down, Action, Restart, Halt, GiveUp,
               Stop>
      content;
  Handover handover{};  ///< From who pushes it to who runs it.
};

}  // namespace troupe::actor::internal
