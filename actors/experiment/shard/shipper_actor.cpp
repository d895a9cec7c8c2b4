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
  look();
}

void ShipperActor::look() {
  read();
  send();
  if (context().now() >= ask_not_before_) ask_new_shards();
  context().after(parts_.interval, [this] { look(); });
}

void ShipperActor::read() {
  while (shipment_.wants_more()) {
    const auto events = reader_->next(read_events, read_bytes);
    if (!events && pass_over(events.error())) continue;
    if (!events || events->empty()) return;
    for (const storage::Event& event : *events) shipment_.add(event.slot, event.seq, event.bytes, context().now());
  }
}

/// What can't be read: whether something behind it can. The numbers that are missing tell the shards how much it was.
bool ShipperActor::pass_over(const Error& error) {
  if (std::exchange(told_damage_, reader_->position()) != reader_->position())
    parts_.logger.error("the log of events cannot be read; what is unreadable is not counted",
                        kv("error", error.message));
  if (error.code == Errc::corrupt_data) return reader_->skip_damaged_segment();
  if (error.code != Errc::failed_precondition) return false;
  // It was deleted, as it was old: what is kept follows.
  reader_ = parts_.log->read_from(parts_.log->stats().oldest);
  return true;
}

void ShipperActor::send() {
  while (auto block = shipment_.next(context().now()))
    ask(block->slot,
        {parts_.log->stream().high, parts_.log->stream().low, block->slot, block->oldest_seq, block->first_seq,
         Bytes::own(std::move(block->bytes))},
        false);
}

/// Blocks without events: to shards that have not said yet whether they hold what was once held, and to those that do
/// not know yet of events that were lost.
void ShipperActor::ask_new_shards() {
  ask_not_before_ = context().now() + parts_.question_interval;
  const storage::SlotSeqs lost = parts_.log->lost_in_slots();
  for (uint32_t slot = 0; slot < event_slots; ++slot) {
    if (being_asked_[slot]) continue;
    const uint64_t held = parts_.log->acknowledged_through(static_cast<uint8_t>(slot));
    const bool is_loss_new = lost[slot] > told_lost_[slot];
    if (held == 0 && !is_loss_new) continue;
    const actor::Ref shard = parts_.shard_of(slot);
    const bool is_shard_new = held > 0 && !(shard == shards_[slot]);
    if (!shard || (!is_shard_new && !is_loss_new)) continue;
    being_asked_.set(slot);
    ask(slot, {parts_.log->stream().high, parts_.log->stream().low, slot, 0, is_shard_new ? held : 0, {}}, true);
  }
}

void ShipperActor::ask(uint32_t slot, protocol::EventBlock block, bool is_question) {
  const actor::Ref shard = parts_.shard_of(slot);
  if (!shard) {
    tell_trouble("no shard is known");
    is_question ? void(being_asked_.reset(slot)) : shipment_.failed(slot, context().now());
    return;
  }
  block.lost = parts_.log->lost_in_slots()[slot];
  const Told told{block.lost, is_question};
  context().call(shard, std::move(block), {.deadline = context().now() + parts_.patience},
                 [this, slot, shard, told, reading = reading_](const actor::ReplyEvent& event) {
                   if (told.is_question) being_asked_.reset(slot);
                   if (reading == reading_) answered(slot, shard, told, event);
                 });
}

void ShipperActor::answered(uint32_t slot, const actor::Ref& shard, const Told& told, const actor::ReplyEvent& event) {
  const auto* const held = event.body.get<protocol::EventBlockHeld>();
  if (held == nullptr) {
    tell_trouble(event.error ? event.error->message : "the shard answered with something else");
    return told.is_question ? void() : shipment_.failed(slot, context().now());
  }
  trouble_.clear();
  const std::pair store{held->store_high, held->store_low};
  if (stores_[slot] && *stores_[slot] != store) return begin_again("the shard has another store than before");
  stores_[slot] = store;
  // After a new beginning the slot's first block says from where on the log has events.
  const bool has_begun_again = shards_[slot] == shard && told.is_question;
  const bool lacks = !has_begun_again && held->next_seq < parts_.log->acknowledged_through(static_cast<uint8_t>(slot));
  if (lacks || (!told.is_question && !shipment_.held(slot, held->next_seq)))
    return begin_again("the shard lacks events that it held");
  shards_[slot] = shard;
  told_lost_[slot] = told.lost;
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
  reader_ = parts_.log->read_from(parts_.log->rewind());
  stores_ = {};
  told_lost_ = {};
  // All is sent again: what they hold need not be asked.
  for (uint32_t slot = 0; slot < event_slots; ++slot) shards_[slot] = parts_.shard_of(slot);
  read();
  send();
}

}  // namespace troupe::experiment
