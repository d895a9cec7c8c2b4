#pragma once
// StreamPace: when a door asks for more of a stream that its client reads.

#include <cstdint>
#include <functional>
#include <utility>

#include "runtime/protocol/stream_credit.hpp"

namespace troupe::gateway {

/// One thread at a time.
class StreamPace {
 public:
  /// `more` as ResponseSink::on_begin gets it.
  explicit StreamPace(std::function<void(uint64_t bytes)> more) : more_(std::move(more)) {}

  /// A part of that cost is on its way to the client. True: say on_read() once the client has what was sent so far.
  bool on_part(uint64_t cost) {
    owed_ += cost;
    if (waits_ || owed_ < protocol::stream_credit_step) return false;
    return waits_ = true;
  }
  void on_read() {
    waits_ = false;
    more_(std::exchange(owed_, 0));
  }

 private:
  const std::function<void(uint64_t)> more_;
  uint64_t owed_ = 0;   ///< Sent since more was asked for.
  bool waits_ = false;  ///< For on_read().
};

}  // namespace troupe::gateway
