#pragma once
// StreamPace: when a door asks for more of a stream that its client reads. Pure.

#include <cstdint>
#include <utility>

#include "runtime/protocol/stream_credit.hpp"

namespace troupe::gateway {

class StreamPace {
 public:
  /// `part` is on its way to the client. How much to ask for once it has been read; 0: nothing yet.
  uint64_t on_part(const protocol::ResultPart& part) {
    owed_ += protocol::stream_cost(part);
    return owed_ < protocol::stream_credit_step ? 0 : std::exchange(owed_, 0);
  }

 private:
  uint64_t owed_ = 0;  ///< Sent since more was asked for.
};

}  // namespace troupe::gateway
