#pragma once
// What the parts of runtime/actor share: targets of refs, routes of replies, and what a cell needs of its host.

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "runtime/actor/context.hpp"
#include "runtime/actor/reply.hpp"
#include "runtime/actor/timer_service.hpp"
#include "runtime/bus/transport.hpp"

namespace troupe::actor {
class Host;
}

namespace troupe::actor::internal {

class Cell;
class HostImpl;

/// What a Ref points to. `cell` is set for local actors only.
struct Target {
  HostImpl* host = nullptr;
  std::shared_ptr<Cell> cell;
  NodeId node;
  Incarnation incarnation;
  std::string path;
  bus::Lane lane = bus::Lane::request;
};

struct RefAccess {
  static Ref make(std::shared_ptr<const Target> target) { return Ref(std::move(target)); }
  static const Target* target(const Ref& ref) { return ref.target_.get(); }
};

/// What caller and callee of one call share.
struct CallState {
  ReplyId reply;
  std::atomic<bool> cancelled{false};
};

/// The way back to a caller.
class ReplyRoute {
 public:
  ReplyRoute(std::shared_ptr<CallState> state, std::optional<Time> deadline, std::string trace,
             std::optional<uint64_t> credit)
      : state(std::move(state)), deadline(deadline), trace(std::move(trace)), credit(credit) {}
  virtual ~ReplyRoute() = default;

  virtual void deliver(protocol::AnyMessage message, uint32_t index, bool last) = 0;
  virtual void fail(Error error) = 0;
  virtual NodeId source() const { return {}; }

  const std::shared_ptr<CallState> state;
  const std::optional<Time> deadline;
  const std::string trace;
  const std::optional<uint64_t> credit;
  uint32_t next_index = 0;
  bool ended = false;
};

}  // namespace troupe::actor::internal
