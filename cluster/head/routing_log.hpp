#pragma once
// RoutingLog: the routes that gateways shall have, and what each of them lacks. Pure.

#include <deque>
#include <map>
#include <optional>
#include <variant>

#include "runtime/protocol/routing_delta.hpp"

namespace troupe::cluster {

using RoutingMessage = std::variant<protocol::RoutingSnapshot, protocol::RoutingDelta>;

/// `now` must not go backwards.
class RoutingLog {
 public:
  static constexpr size_t kept = 8;  ///< Revisions back to which a gateway gets changes instead of the whole.
  /// What was sent and not acknowledged for so long is taken for lost.
  static constexpr Duration resend_after = std::chrono::seconds{1};

  explicit RoutingLog(Epoch epoch) : epoch_(epoch) {}

  /// Where `routes` differ from the newest, they become the next revision. Their epoch and revision are set here.
  void update(protocol::RoutingSnapshot routes);
  /// 0: none yet.
  uint64_t revision() const noexcept { return log_.empty() ? 0 : log_.back().revision; }

  /// What a gateway that has acknowledged revision `acked` (0 = none) must be sent now, if anything.
  std::optional<RoutingMessage> next_for(NodeId gateway, uint64_t acked, Time now);
  void forget(NodeId gateway) { sent_.erase(gateway); }

 private:
  struct Sent {
    uint64_t revision = 0;
    Time at{};
  };

  Epoch epoch_;
  std::deque<protocol::RoutingSnapshot> log_;  ///< Consecutive revisions, the newest last.
  std::map<NodeId, Sent> sent_;
};

}  // namespace troupe::cluster
