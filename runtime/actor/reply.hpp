#pragma once
// Reply: the callee's end of a call; answers with parts and ends with finish() or fail().

#include <memory>
#include <optional>
#include <string>

#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/any_message.hpp"

namespace troupe::actor {

namespace internal {
class ReplyRoute;
}

/// Names a call at the callee; what Actor::cancelled() gets. Unique within a host.
using ReplyId = Id64<struct ReplyIdTag>;

/// Move-only. Its functions may be called from any thread, but not from two at once. Destroying an unfinished Reply
/// fails the call with `lost`: it may be tried elsewhere. After the end further parts are ignored.
class Reply {
 public:
  Reply() noexcept;
  explicit Reply(std::unique_ptr<internal::ReplyRoute> route);
  Reply(Reply&&) noexcept;
  Reply& operator=(Reply&&) noexcept;
  ~Reply();

  ReplyId id() const noexcept;
  /// The node of the caller, as its connection proved; none where the caller is on this host.
  NodeId source() const noexcept;
  /// None = no deadline. This host's steady clock.
  std::optional<Time> deadline() const noexcept;
  /// Request id for logs.
  const std::string& trace() const noexcept;
  /// Bytes of the answer that may be sent before Actor::credited() tells of more; none = as they are made.
  std::optional<uint64_t> credit() const noexcept;
  /// The caller has gone or said stop; what is sent from now on is dropped.
  bool cancelled() const noexcept;
  explicit operator bool() const noexcept { return route_ != nullptr; }

  template <class M>
  void part(M message) {
    deliver(protocol::AnyMessage::of(std::move(message)), false);
  }
  template <class M>
  void finish(M message) {
    deliver(protocol::AnyMessage::of(std::move(message)), true);
  }
  void deliver(protocol::AnyMessage message, bool last);
  void fail(Error error);

 private:
  std::unique_ptr<internal::ReplyRoute> route_;
};

}  // namespace troupe::actor
