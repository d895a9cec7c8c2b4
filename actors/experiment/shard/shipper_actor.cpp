#include "actors/experiment/shard/shipper_actor.hpp"

namespace troupe::experiment {

using observe::kv;

namespace {

constexpr size_t read_events = 4096;
constexpr size_t read_bytes = 1 << 20;

}  // namespace

ShipperActor::ShipperActor(actor::Context& context, ShipperParts parts)
    : Actor(context), parts_(std::move(parts)), shipment_(parts_.limits) {}

void ShipperActor::started() {
  reader_ = parts_.log->read_from(parts_.log->low_water());
  // Whether the shards still hold what they once held.
  for (uint32_t slot = 0; slot < event_slots; ++slot)
    if (const uint64_t next = parts_.log->acknowledged_through(static_cast<uint8_t>(slot)); next > 0)
      ask(slot, {parts_.log->stream().high, parts_.log->stream().low, slot, 0, next, {}});
  look();
}

void ShipperActor::look() {
  read();
  send();
  context().after(parts_.interval, [this] { look(); });
}

void ShipperActor::read() {
  while (shipment_.wants_more()) {
    const auto events = reader_->next(read_events, read_bytes);
    if (!events) {
      parts_.logger.error("the log of events cannot be read; what is unreadable is not counted",
                          kv("error", events.error().message));
      // What comes next was deleted, as it was old: what is kept follows.
      if (events.error().code == Errc::failed_precondition) reader_ = parts_.log->read_from(parts_.log->stats().oldest);
      return;
    }
    if (events->empty()) return;
    for (const storage::Event& event : *events) {
      if (reads_all_ && oldest_[event.slot] == 0) oldest_[event.slot] = event.seq;
      shipment_.add(event.slot, event.seq, event.bytes, context().now());
    }
  }
}

void ShipperActor::send() {
  while (auto block = shipment_.next(context().now()))
    ask(block->slot, {parts_.log->stream().high, parts_.log->stream().low, block->slot, oldest_[block->slot],
                      block->first_seq, Bytes::own(std::move(block->bytes))});
}

void ShipperActor::ask(uint32_t slot, protocol::EventBlock block) {
  const actor::Ref shard = parts_.shard_of(slot);
  if (!shard) {
    tell_trouble("no shard is known");
    return shipment_.failed(slot, context().now());
  }
  context().call(shard, std::move(block), {.deadline = context().now() + parts_.patience},
                 [this, slot, reading = reading_](const actor::ReplyEvent& event) {
                   if (reading == reading_) answered(slot, event);
                 });
}

void ShipperActor::answered(uint32_t slot, const actor::ReplyEvent& event) {
  const auto* const held = event.body.get<protocol::EventBlockHeld>();
  if (held == nullptr) {
    tell_trouble(event.error ? event.error->message : "the shard answered with something else");
    return shipment_.failed(slot, context().now());
  }
  trouble_.clear();
  const std::pair store{held->store_high, held->store_low};
  if (store_ && *store_ != store) {
    store_ = store;
    return begin_again("the shard has another store than before");
  }
  store_ = store;
  const bool lacks = held->next_seq < parts_.log->acknowledged_through(static_cast<uint8_t>(slot));
  if (lacks || !shipment_.held(slot, held->next_seq)) return begin_again("the shard lacks events that it held");
  if (held->next_seq > 0) {
    const Status known = parts_.log->acknowledge(static_cast<uint8_t>(slot), held->next_seq - 1);
    if (!known) parts_.logger.warn("a shard holds events that this log has not", kv("error", known.error().message));
  }
  read();
  send();
}

/// Once, until it is another one or over.
void ShipperActor::tell_trouble(const std::string& trouble) {
  if (std::exchange(trouble_, trouble) == trouble) return;
  parts_.logger.warn("events wait: their shard does not take them", kv("reason", trouble));
}

void ShipperActor::begin_again(std::string_view why) {
  parts_.logger.warn("events are sent again from the oldest that is kept", kv("why", why));
  ++reading_;
  shipment_.begin_again();
  oldest_ = {};
  reads_all_ = true;
  reader_ = parts_.log->read_from(parts_.log->rewind());
  read();
  send();
}

}  // namespace troupe::experiment
