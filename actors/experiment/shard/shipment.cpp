#include "actors/experiment/shard/shipment.hpp"

#include <algorithm>

namespace troupe::experiment {

void Shipment::add(uint32_t slot, uint64_t seq, std::string_view event, Time now) {
  Slot& to = slots_[slot];
  if (!to.events.empty() && seq <= to.events.back().seq) return;
  to.events.push_back({seq, std::string(event), now, to.next && seq > *to.next});
  to.next = seq + 1;
  to.bytes += event.size();
  bytes_ += event.size();
}

bool Shipment::is_due(const Slot& slot, Time now) const {
  if (slot.events.empty() || slot.on_their_way > 0 || (slot.not_before && *slot.not_before > now)) return false;
  return slot.events.size() >= limits_.block_events || slot.bytes >= limits_.block_bytes / 2 ||
         now - slot.events.front().since >= limits_.delay;
}

std::optional<OutgoingBlock> Shipment::next(Time now) {
  for (uint32_t i = 0; i < event_slots; ++i) {
    const uint32_t index = (turn_ + i) % event_slots;
    Slot& slot = slots_[index];
    if (!is_due(slot, now)) continue;
    turn_ = index + 1;
    const Waiting& first = slot.events.front();
    OutgoingBlock block{index, first.follows_gap ? first.seq : 0, first.seq, 0, {}};
    for (const Waiting& event : slot.events) {
      const bool is_full = block.events == limits_.block_events ||
                           (block.events > 0 && block.bytes.size() + event.bytes.size() > limits_.block_bytes);
      // What a loss took out of the middle is another block.
      if (is_full || event.seq != block.first_seq + block.events) break;
      append_to_block(block.bytes, event.bytes);
      ++block.events;
    }
    slot.on_their_way = block.events;
    slot.not_before.reset();
    return block;
  }
  return std::nullopt;
}

std::optional<Time> Shipment::next_due() const {
  std::optional<Time> due;
  for (const Slot& slot : slots_) {
    if (slot.events.empty() || slot.on_their_way > 0) continue;
    const Time when = slot.not_before.value_or(slot.events.front().since + limits_.delay);
    if (!due || when < *due) due = when;
  }
  return due;
}

bool Shipment::held(uint32_t slot, uint64_t next_seq) {
  Slot& from = slots_[slot];
  if (!from.events.empty() && next_seq < from.events.front().seq) return false;
  from.on_their_way = 0;
  while (!from.events.empty() && from.events.front().seq < next_seq) {
    from.bytes -= from.events.front().bytes.size();
    bytes_ -= from.events.front().bytes.size();
    from.events.pop_front();
  }
  return true;
}

void Shipment::failed(uint32_t slot, Time now) {
  slots_[slot].on_their_way = 0;
  slots_[slot].not_before = now + limits_.retry;
}

void Shipment::begin_again() {
  slots_ = {};
  for (Slot& slot : slots_) slot.next = 0;
  bytes_ = 0;
}

}  // namespace troupe::experiment
