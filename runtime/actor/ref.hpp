#pragma once
// Ref: a location-transparent handle of an actor. Sending reads the same whether the actor lives here or on another
// node.

#include <memory>
#include <string>

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/any_message.hpp"

namespace troupe::actor {

namespace internal {
struct Target;
struct RefAccess;
}  // namespace internal

/// Cheap to copy, thread-safe. Must not be used after its Host is gone. A default-made Ref names nobody.
class Ref {
 public:
  Ref() = default;

  explicit operator bool() const noexcept { return target_ != nullptr; }
  bool is_local() const noexcept;
  NodeId node() const noexcept;
  /// e.g. "gateway", "balancer/clerk", "replica/00000000000000a1".
  const std::string& path() const noexcept;

  /// Delivers at most once. Fails at once with overloaded when the actor's mailbox (or the lane to its node) is full
  /// and with unavailable when it is known to be gone; success says only that it was queued. A message type that is not
  /// a BusMessage may be sent to a local actor only (asserted).
  template <class M>
  Status send(M message) const {
    return send(protocol::AnyMessage::of(std::move(message)));
  }
  Status send(protocol::AnyMessage message) const;

  bool operator==(const Ref& other) const noexcept;

 private:
  friend struct internal::RefAccess;
  explicit Ref(std::shared_ptr<const internal::Target> target) : target_(std::move(target)) {}

  std::shared_ptr<const internal::Target> target_;
};

}  // namespace troupe::actor
