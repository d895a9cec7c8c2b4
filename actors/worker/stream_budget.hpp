#pragma once
// StreamBudget: how much more of one answer a back end may send before its client has read some. Pure.

#include <cstdint>
#include <optional>

#include "runtime/protocol/stream_credit.hpp"

namespace troupe::worker {

class StreamBudget {
 public:
  /// `credit` as in WorkItem; none: there is no bound.
  explicit StreamBudget(std::optional<uint64_t> credit = std::nullopt) : granted_(credit) {}

  /// A part may go out. The last one before a pause may be larger than what is left: parts are not cut.
  bool may_send() const noexcept { return !granted_ || sent_ < *granted_; }
  void sent(const protocol::ResultPart& part) noexcept {
    if (granted_) sent_ += protocol::stream_cost(part);
  }
  /// Credit for an answer that has no bound changes nothing.
  void add(uint64_t bytes) noexcept {
    if (granted_) *granted_ += bytes;
  }

 private:
  std::optional<uint64_t> granted_;  ///< In all.
  uint64_t sent_ = 0;                ///< In all.
};

}  // namespace troupe::worker
