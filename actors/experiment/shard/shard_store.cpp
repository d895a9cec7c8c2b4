#include "actors/experiment/shard/shard_store.hpp"

#include <algorithm>

#include "actors/experiment/events/event_codec.hpp"
#include "actors/experiment/ledger/stored_ledger.hpp"
#include "actors/experiment/shard/shard_keys.hpp"

namespace troupe::experiment {
namespace {

std::string to_bytes(const StreamKey& stream) {
  return numbers_to_bytes(stream.high, stream.low);
}

std::string to_bytes(const StreamState& state) {
  return numbers_to_bytes(state.next, state.missing, state.damaged, state.lost);
}

}  // namespace

Result<std::unique_ptr<ShardStore>> ShardStore::open(storage::EventDatabase& database) {
  auto store = std::unique_ptr<ShardStore>(new ShardStore(database));
  TROUPE_CHECK(store->load());
  return store;
}

Status ShardStore::load() {
  aggregates_ = {};
  for (uint32_t slot = 0; slot < event_slots; ++slot) TROUPE_CHECK(load_slot(slot));
  is_stale_ = false;
  return {};
}

Status ShardStore::write(const storage::EventBatch& writes, storage::Durability durability) {
  const Status written = database_.write(writes, durability);
  is_stale_ = is_stale_ || !written;
  return written;
}

Status ShardStore::load_slot(uint32_t slot) {
  SlotState state;
  TROUPE_CHECK(load_streams(slot, state));
  TROUPE_CHECK(load_deliveries(slot, state));
  TROUPE_TRY(const auto blocks, database_.get(key_prefix(slot, KeyKind::count)));
  if (blocks) {
    TROUPE_TRY(const auto number, numbers_from<1>(*blocks, "a number of blocks"));
    state.blocks = number[0];
  }
  TROUPE_TRY(const auto removed, database_.get(key_prefix(slot, KeyKind::removed)));
  if (removed) {
    TROUPE_TRY(const auto numbers, numbers_from<2>(*removed, "what was removed"));
    state.first_block = numbers[0];
  }
  TROUPE_TRY(const Aggregates rows, rows_of(slot));
  slots_[slot] = std::move(state);
  aggregates_.merge(rows);
  return {};
}

Status ShardStore::load_streams(uint32_t slot, SlotState& state) const {
  return database_.each(storage::KeyRange::of_prefix(key_prefix(slot, KeyKind::watermark)),
                        [&](std::string_view key, std::string_view value) -> Status {
                          TROUPE_TRY(const auto stream, numbers_from<2>(key.substr(key_prefix_bytes), "a stream"));
                          TROUPE_TRY(const auto numbers, numbers_from<4>(value, "a position"));
                          state.streams[{stream[0], stream[1]}] = {numbers[0], numbers[1], numbers[2], numbers[3]};
                          return {};
                        });
}

Status ShardStore::load_deliveries(uint32_t slot, SlotState& state) const {
  return database_.each(storage::KeyRange::of_prefix(key_prefix(slot, KeyKind::delivery)),
                        [&](std::string_view key, std::string_view value) -> Status {
                          TROUPE_TRY(const auto numbers, numbers_from<2>(value, "a delivery"));
                          const auto experiment = static_cast<uint32_t>(from_big_endian(key.substr(key_prefix_bytes)));
                          state.before[experiment] = {numbers[0], numbers[1]};
                          return {};
                        });
}

DeliveryCounts ShardStore::SlotState::delivered() const {
  DeliveryCounts sum;
  for (const auto& [stream, state] : streams) {
    sum.expected += state.next + state.lost;
    sum.received += state.next - state.missing - state.damaged;
  }
  return sum;
}

DeliveryCounts ShardStore::delivery(uint32_t experiment) const {
  DeliveryCounts sum;
  for (const SlotState& slot : slots_) {
    const auto before = slot.before.find(experiment);
    if (before == slot.before.end()) continue;
    const DeliveryCounts now = slot.delivered();
    sum.expected += now.expected - before->second.expected;
    sum.received += now.received - before->second.received;
  }
  return sum;
}

Status ShardStore::set_rules(std::vector<Rules> all, uint32_t known_through) {
  if (is_stale_) {
    TROUPE_CHECK(load());
  }
  TROUPE_CHECK(begin_deliveries(all));
  rules_ = {};
  for (Rules& rules : all) rules_.set(std::move(rules));
  known_through_ = known_through;
  return {};
}

/// What was lost before an experiment is nothing to it.
Status ShardStore::begin_deliveries(const std::vector<Rules>& all) {
  storage::EventBatch writes;
  for (uint32_t slot = 0; slot < event_slots; ++slot) {
    const DeliveryCounts now = slots_[slot].delivered();
    for (const Rules& rules : all)
      if (!slots_[slot].before.contains(rules.experiment))
        writes.put(key_prefix(slot, KeyKind::delivery) + experiment_bytes(rules.experiment),
                   numbers_to_bytes(now.expected, now.received));
  }
  if (writes.size() == 0) return {};
  TROUPE_CHECK(write(writes, storage::Durability::synced));
  for (SlotState& slot : slots_) {
    const DeliveryCounts now = slot.delivered();
    for (const Rules& rules : all) slot.before.try_emplace(rules.experiment, now);
  }
  return {};
}

Status ShardStore::remove_experiment(uint32_t experiment) {
  storage::EventBatch writes;
  for (uint32_t slot = 0; slot < event_slots; ++slot) {
    const std::string number = experiment_bytes(experiment);
    writes.erase(storage::KeyRange::of_prefix(key_prefix(slot, KeyKind::unit) + number));
    writes.erase(storage::KeyRange::of_prefix(key_prefix(slot, KeyKind::row) + number));
    writes.erase(key_prefix(slot, KeyKind::delivery) + number);
  }
  TROUPE_CHECK(write(writes, storage::Durability::synced));
  for (SlotState& slot : slots_) slot.before.erase(experiment);
  rules_.remove(experiment);
  aggregates_.remove_experiment(experiment);
  return {};
}

Result<protocol::EventBlockHeld> ShardStore::take(const protocol::EventBlock& block, WallTime now) {
  if (!known_through_) return fail(Errc::unavailable, "it is not known here yet which experiments are counted");
  if (block.slot >= event_slots)
    return fail(Errc::invalid_argument, "there are {} slots, and none {}", event_slots, block.slot);
  if (is_stale_) {
    TROUPE_CHECK(load());
  }
  SlotState& state = slots_[block.slot];
  const StreamKey stream{block.stream_high, block.stream_low};
  const auto known = state.streams.find(stream);
  StreamState after = known == state.streams.end() ? StreamState{} : known->second;
  const uint64_t expected = std::max(after.next, block.oldest_seq);
  const auto events = events_of_block(block.events.view());
  if (!events) return fail(Errc::invalid_argument, "{}", events.error().message);
  const uint64_t end = block.first_seq + events->size();
  if (block.first_seq > expected || end <= expected) {
    if (end <= expected) counts_.repeated += events->size();
    TROUPE_CHECK(note_loss(block.slot, stream, block.lost));
    return protocol::EventBlockHeld{expected, database_.id().high, database_.id().low};
  }

  std::string fresh;
  std::vector<protocol::Event> decoded;
  const uint64_t repeated = expected - block.first_seq;
  for (size_t i = repeated; i < events->size(); ++i) {
    append_to_block(fresh, (*events)[i]);
    auto event = decode_event((*events)[i]);
    event ? decoded.push_back(std::move(*event)) : void(++after.damaged);
  }
  for (const protocol::Event& event : decoded)
    if (const protocol::ArmOf* const place = place_of(event); place != nullptr && place->experiment > *known_through_)
      return fail(Errc::unavailable, "experiment {} is not known here yet", place->experiment);
  after.missing += expected - after.next;
  after.next = end;
  after.lost = std::max(after.lost, block.lost);
  storage::EventBatch writes;
  EventBatch::Applied applied;
  TROUPE_CHECK(apply(block.slot, decoded, writes, applied));
  StoredBlock stored{unix_microseconds(now), stream, expected, {}, fresh};
  for (const auto& [number, rules] : rules_.all()) stored.experiments.push_back(number);
  writes.put(raw_key(block.slot, state.blocks), encode(stored));
  writes.put(key_prefix(block.slot, KeyKind::watermark) + to_bytes(stream), to_bytes(after));
  writes.put(key_prefix(block.slot, KeyKind::count), big_endian(state.blocks + 1));
  TROUPE_CHECK(write(writes, storage::Durability::unsynced));

  state.streams[stream] = after;
  ++state.blocks;
  aggregates_.merge(applied.delta);
  ++counts_.blocks;
  counts_.events += applied.events;
  counts_.repeated += applied.repeated + repeated;
  counts_.foreign += applied.foreign;
  return protocol::EventBlockHeld{end, database_.id().high, database_.id().low};
}

/// Of a block that brings no event.
Status ShardStore::note_loss(uint32_t slot, const StreamKey& stream, uint64_t lost) {
  const auto known = slots_[slot].streams.find(stream);
  StreamState after = known == slots_[slot].streams.end() ? StreamState{} : known->second;
  if (lost <= after.lost) return {};
  after.lost = lost;
  storage::EventBatch writes;
  writes.put(key_prefix(slot, KeyKind::watermark) + to_bytes(stream), to_bytes(after));
  TROUPE_CHECK(write(writes, storage::Durability::unsynced));
  slots_[slot].streams[stream] = after;
  return {};
}

Status ShardStore::sync() {
  const Status synced = database_.sync();
  is_stale_ = is_stale_ || !synced;
  return synced;
}

/// Changes records and rows of the slot by the events, into `writes`.
Status ShardStore::apply(uint32_t slot, const std::vector<protocol::Event>& events, storage::EventBatch& writes,
                         EventBatch::Applied& applied) {
  EventBatch batch(rules_);
  for (const protocol::Event& event : events) batch.add(event);
  std::vector<std::string> keys;
  const std::vector<UnitKey>& units = batch.units();
  for (const UnitKey& unit : units) keys.push_back(key_prefix(slot, KeyKind::unit) + experiment::to_bytes(unit));
  TROUPE_TRY(const auto stored, database_.get_many(keys));
  std::vector<UnitRecord> records;
  for (size_t i = 0; i < units.size(); ++i) {
    if (!stored[i]) {
      records.emplace_back();
      continue;
    }
    auto record = decode_unit_record(*stored[i], *rules_.find(units[i].experiment));
    if (!record) return fail(store_damaged("a unit", record.error()));
    records.push_back(std::move(*record));
  }
  applied = batch.apply(records);
  for (size_t i = 0; i < units.size(); ++i) writes.put(keys[i], encode(records[i]));

  keys.clear();
  for (const auto& [key, row] : applied.delta.rows())
    keys.push_back(key_prefix(slot, KeyKind::row) + experiment::to_bytes(key));
  TROUPE_TRY(const auto rows, database_.get_many(keys));
  size_t index = 0;
  for (const auto& [key, delta] : applied.delta.rows()) {
    Row row = delta;
    if (rows[index]) {
      auto present = decode_row(*rows[index]);
      if (!present) return fail(store_damaged("a row", present.error()));
      row += *present;
    }
    row.is_zero() ? writes.erase(keys[index]) : writes.put(keys[index], encode(row));
    ++index;
  }
  return {};
}

Result<Aggregates> ShardStore::rows_of(uint32_t slot) const {
  Aggregates rows;
  TROUPE_CHECK(database_.each(storage::KeyRange::of_prefix(key_prefix(slot, KeyKind::row)),
                              [&](std::string_view key, std::string_view value) -> Status {
                                const auto name = row_key_from(key.substr(key_prefix_bytes));
                                if (!name) return fail(store_damaged("a row's key", name.error()));
                                auto row = decode_row(value);
                                if (!row) return fail(store_damaged("a row", row.error()));
                                rows.set(*name, std::move(*row));
                                return {};
                              }));
  return rows;
}

Result<size_t> ShardStore::remove_old_blocks(uint32_t slot, WallTime before, size_t blocks_max) {
  if (is_stale_) {
    TROUPE_CHECK(load());
  }
  SlotState& state = slots_[slot];
  const int64_t cutoff = unix_microseconds(before);
  uint64_t end = state.first_block;
  int64_t last_us = 0;
  TROUPE_CHECK(
      each_block(database_, slot, state.first_block, [&](uint64_t number, const StoredBlock& block) -> Result<bool> {
        if (number - state.first_block >= blocks_max || block.taken_unix_us >= cutoff) return false;
        end = number + 1;
        last_us = block.taken_unix_us;
        return true;
      }));
  const size_t removed = end - state.first_block;
  if (removed == 0) return removed;
  storage::EventBatch writes;
  writes.erase(storage::KeyRange{raw_key(slot, state.first_block), raw_key(slot, end)});
  writes.put(key_prefix(slot, KeyKind::removed), numbers_to_bytes(end, last_us));
  TROUPE_CHECK(write(writes, storage::Durability::unsynced));
  state.first_block = end;
  return removed;
}

Status ShardStore::export_slot(uint32_t slot, const storage::KeyVisitor& visit) const {
  return database_.each(storage::KeyRange::of_prefix(std::string(1, static_cast<char>(slot))), visit);
}

Status ShardStore::import(std::span<const std::pair<std::string, std::string>> entries) {
  storage::EventBatch writes;
  for (const auto& [key, value] : entries) writes.put(key, value);
  return write(writes, storage::Durability::unsynced);
}

Status ShardStore::finish_import(uint32_t slot) {
  TROUPE_CHECK(sync());
  return load_slot(slot);
}

Status ShardStore::drop_slot(uint32_t slot) {
  TROUPE_TRY(const Aggregates rows, rows_of(slot));
  storage::EventBatch writes;
  writes.erase(storage::KeyRange::of_prefix(std::string(1, static_cast<char>(slot))));
  TROUPE_CHECK(write(writes, storage::Durability::synced));
  slots_[slot] = {};
  aggregates_.subtract(rows);
  return {};
}

}  // namespace troupe::experiment
