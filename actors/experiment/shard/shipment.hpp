#pragma once
// Shipment: which events of a log go to their shards next, in blocks. Pure: whoever reads the log hands events over, in
// the log's order; whoever talks to shards asks for blocks and tells what became of them.
//
// Of each slot one block is on its way at a time, so that a slot's events arrive in order; all slots together keep a
// shard busy.

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "actors/experiment/events/event_codec.hpp"
#include "runtime/base/clock.hpp"

namespace troupe::experiment {

struct ShipmentLimits {
  size_t block_events = 1000;
  size_t block_bytes = block_bytes_max;
  /// How long the first event of a block may wait for company.
  Duration delay = std::chrono::milliseconds{200};
  /// Of all events that wait or are on their way: no more is read from the log meanwhile.
  size_t bytes_max = size_t{16} << 20;
  Duration retry = std::chrono::milliseconds{500};
};

/// A block that is to be sent.
struct OutgoingBlock {
  uint32_t slot = 0;
  uint64_t oldest_seq = 0;  ///< Of the slot, nothing before this will come, where it is not 0.
  uint64_t first_seq = 0;
  size_t events = 0;
  std::string bytes;
};

class Shipment {
 public:
  explicit Shipment(ShipmentLimits limits = {}) : limits_(limits) {}

  bool wants_more() const noexcept { return bytes_ < limits_.bytes_max; }
  /// The next event of a slot. One that is there already is passed over; numbers that are left out will not come.
  void add(uint32_t slot, uint64_t seq, std::string_view event, Time now);

  /// A block to send now; none where all that waits waits for company, an answer or a retry.
  std::optional<OutgoingBlock> next(Time now);
  /// When next() may have one without anything new coming; none: never.
  std::optional<Time> next_due() const;

  /// The shard holds everything of the slot before `next_seq`. False where it lacks events that were held to be there:
  /// begin again, from where the log has them.
  bool held(uint32_t slot, uint64_t next_seq);
  /// The block on its way did not arrive: it goes again, later.
  void failed(uint32_t slot, Time now);

  /// Forgets everything: the log is read anew, from the oldest that it keeps.
  void begin_again();

  size_t waiting_bytes() const noexcept { return bytes_; }

 private:
  struct Waiting {
    uint64_t seq;
    std::string bytes;
    Time since;
    bool follows_gap;
  };
  struct Slot {
    std::deque<Waiting> events;    ///< From the first that is not held.
    std::optional<uint64_t> next;  ///< That add() should bring; none before it is known where the log begins.
    size_t bytes = 0;
    size_t on_their_way = 0;
    std::optional<Time> not_before;
  };
  bool is_due(const Slot& slot, Time now) const;

  ShipmentLimits limits_;
  std::array<Slot, event_slots> slots_;
  size_t bytes_ = 0;
  uint32_t turn_ = 0;
};

}  // namespace troupe::experiment
