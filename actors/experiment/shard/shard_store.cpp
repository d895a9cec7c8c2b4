#include "actors/experiment/shard/shard_store.hpp"

#include <algorithm>

#include "actors/experiment/events/event_codec.hpp"
#include "actors/experiment/ledger/stored_ledger.hpp"

namespace troupe::experiment {
namespace {

constexpr char watermark_kind = 'w';
constexpr char count_kind = 'c';
constexpr char raw_kind = 'r';
constexpr char unit_kind = 'u';
constexpr char row_kind = 'a';
constexpr size_t prefix_bytes = 2;
constexpr size_t stream_bytes = 16;
constexpr size_t number_bytes = 8;

std::string prefix(uint32_t slot, char kind) {
  return {static_cast<char>(slot), kind};
}

std::string big_endian(uint64_t value) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

uint64_t from_big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

Result<uint64_t> number_of(std::string_view bytes, std::string_view what) {
  if (bytes.size() == number_bytes) return from_big_endian(bytes);
  return fail(Errc::corrupt_data, "the store of events is damaged: {} has {} bytes", what, bytes.size());
}

std::string to_bytes(const StreamKey& stream) {
  return big_endian(stream.high) + big_endian(stream.low);
}

/// Damage of a stored value; names what.
Error damaged(std::string_view what, const Error& error) {
  return {Errc::corrupt_data, fmt::format("the store of events is damaged: {}: {}", what, error.message), {}, {}};
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
  TROUPE_CHECK(database_.each(
      storage::KeyRange::of_prefix(prefix(slot, watermark_kind)),
      [&](std::string_view key, std::string_view value) -> Status {
        const std::string_view stream = key.substr(prefix_bytes);
        if (stream.size() != stream_bytes)
          return fail(Errc::corrupt_data, "the store of events is damaged: a stream of {} bytes", stream.size());
        TROUPE_TRY(const uint64_t next, number_of(value, "a position"));
        state.next[{from_big_endian(stream.substr(0, 8)), from_big_endian(stream.substr(8))}] = next;
        return {};
      }));
  TROUPE_TRY(const auto blocks, database_.get(prefix(slot, count_kind)));
  if (blocks) {
    TROUPE_TRY(state.blocks, number_of(*blocks, "a number of blocks"));
  }
  TROUPE_TRY(const Aggregates rows, rows_of(slot));
  slots_[slot] = std::move(state);
  aggregates_.merge(rows);
  return {};
}

void ShardStore::set_rules(std::vector<Rules> all, uint32_t known_through) {
  rules_ = {};
  for (Rules& rules : all) rules_.set(std::move(rules));
  known_through_ = known_through;
}

Status ShardStore::remove_experiment(uint32_t experiment) {
  storage::EventBatch writes;
  for (uint32_t slot = 0; slot < event_slots; ++slot) {
    const std::string number = big_endian(experiment).substr(4);
    writes.erase(storage::KeyRange::of_prefix(prefix(slot, unit_kind) + number));
    writes.erase(storage::KeyRange::of_prefix(prefix(slot, row_kind) + number));
  }
  TROUPE_CHECK(write(writes, storage::Durability::synced));
  rules_.remove(experiment);
  aggregates_.remove_experiment(experiment);
  return {};
}

Result<protocol::EventBlockHeld> ShardStore::take(const protocol::EventBlock& block) {
  if (!known_through_) return fail(Errc::unavailable, "it is not known here yet which experiments are counted");
  if (block.slot >= event_slots)
    return fail(Errc::invalid_argument, "there are {} slots, and none {}", event_slots, block.slot);
  if (is_stale_) {
    TROUPE_CHECK(load());
  }
  SlotState& state = slots_[block.slot];
  const StreamKey stream{block.stream_high, block.stream_low};
  const auto known = state.next.find(stream);
  const uint64_t have = known == state.next.end() ? 0 : known->second;
  const uint64_t expected = std::max(have, block.oldest_seq);
  const auto held = [&](uint64_t next) {
    return protocol::EventBlockHeld{next, database_.id().high, database_.id().low};
  };
  if (block.first_seq > expected) return held(expected);
  const auto events = events_of_block(block.events.view());
  if (!events) return fail(Errc::invalid_argument, "{}", events.error().message);
  const uint64_t end = block.first_seq + events->size();
  if (end <= expected) {
    counts_.repeated += events->size();
    return held(expected);
  }

  std::string fresh;
  std::vector<protocol::Event> decoded;
  uint64_t damaged_events = 0;
  for (size_t i = expected - block.first_seq; i < events->size(); ++i) {
    append_to_block(fresh, (*events)[i]);
    auto event = decode_event((*events)[i]);
    event ? decoded.push_back(std::move(*event)) : void(++damaged_events);
  }
  for (const protocol::Event& event : decoded)
    if (const protocol::ArmOf* const place = place_of(event); place != nullptr && place->experiment > *known_through_)
      return fail(Errc::unavailable, "experiment {} is not known here yet", place->experiment);
  storage::EventBatch writes;
  EventBatch::Applied applied;
  TROUPE_CHECK(apply(block.slot, decoded, writes, applied));
  writes.put(prefix(block.slot, raw_kind) + big_endian(state.blocks), to_bytes(stream) + big_endian(expected) + fresh);
  writes.put(prefix(block.slot, watermark_kind) + to_bytes(stream), big_endian(end));
  writes.put(prefix(block.slot, count_kind), big_endian(state.blocks + 1));
  TROUPE_CHECK(write(writes, storage::Durability::unsynced));

  state.next[stream] = end;
  ++state.blocks;
  aggregates_.merge(applied.delta);
  ++counts_.blocks;
  counts_.events += applied.events;
  counts_.repeated += applied.repeated + (expected - block.first_seq);
  counts_.foreign += applied.foreign;
  counts_.damaged += damaged_events;
  counts_.missing += expected - have;
  return held(end);
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
  for (const UnitKey& unit : units) keys.push_back(prefix(slot, unit_kind) + experiment::to_bytes(unit));
  TROUPE_TRY(const auto stored, database_.get_many(keys));
  std::vector<UnitRecord> records;
  for (size_t i = 0; i < units.size(); ++i) {
    if (!stored[i]) {
      records.emplace_back();
      continue;
    }
    auto record = decode_unit_record(*stored[i], *rules_.find(units[i].experiment));
    if (!record) return fail(damaged("a unit", record.error()));
    records.push_back(std::move(*record));
  }
  applied = batch.apply(records);
  for (size_t i = 0; i < units.size(); ++i) writes.put(keys[i], encode(records[i]));

  keys.clear();
  for (const auto& [key, row] : applied.delta.rows())
    keys.push_back(prefix(slot, row_kind) + experiment::to_bytes(key));
  TROUPE_TRY(const auto rows, database_.get_many(keys));
  size_t index = 0;
  for (const auto& [key, delta] : applied.delta.rows()) {
    Row row = delta;
    if (rows[index]) {
      auto present = decode_row(*rows[index]);
      if (!present) return fail(damaged("a row", present.error()));
      row += *present;
    }
    row.is_zero() ? writes.erase(keys[index]) : writes.put(keys[index], encode(row));
    ++index;
  }
  return {};
}

Status ShardStore::each_unit(uint32_t experiment, const std::function<void(const UnitRecord&)>& visit) const {
  const Rules* const rules = rules_.find(experiment);
  if (rules == nullptr) return fail(Errc::not_found, "experiment {} is not known here", experiment);
  for (uint32_t slot = 0; slot < event_slots; ++slot) {
    const std::string begin = prefix(slot, unit_kind) + big_endian(experiment).substr(4);
    TROUPE_CHECK(
        database_.each(storage::KeyRange::of_prefix(begin), [&](std::string_view, std::string_view value) -> Status {
          const auto record = decode_unit_record(value, *rules);
          if (!record) return fail(damaged("a unit", record.error()));
          visit(*record);
          return {};
        }));
  }
  return {};
}

Result<Aggregates> ShardStore::rows_of(uint32_t slot) const {
  Aggregates rows;
  TROUPE_CHECK(database_.each(storage::KeyRange::of_prefix(prefix(slot, row_kind)),
                              [&](std::string_view key, std::string_view value) -> Status {
                                const auto name = row_key_from(key.substr(prefix_bytes));
                                if (!name) return fail(damaged("a row's key", name.error()));
                                auto row = decode_row(value);
                                if (!row) return fail(damaged("a row", row.error()));
                                rows.set(*name, std::move(*row));
                                return {};
                              }));
  return rows;
}

Result<Aggregates> ShardStore::recount(uint32_t slot) const {
  std::map<UnitKey, UnitRecord> records;
  Aggregates rows;
  TROUPE_CHECK(database_.each(
      storage::KeyRange::of_prefix(prefix(slot, raw_kind)), [&](std::string_view, std::string_view value) -> Status {
        if (value.size() < stream_bytes + number_bytes)
          return fail(Errc::corrupt_data, "the store of events is damaged: a block of {} bytes", value.size());
        const auto bytes = events_of_block(value.substr(stream_bytes + number_bytes));
        if (!bytes) return fail(damaged("a block", bytes.error()));
        std::vector<protocol::Event> events;
        for (const std::string_view one : *bytes)
          if (auto event = decode_event(one)) events.push_back(std::move(*event));
        EventBatch batch(rules_);
        for (const protocol::Event& event : events) batch.add(event);
        const std::vector<UnitKey>& units = batch.units();
        std::vector<UnitRecord> touched;
        for (const UnitKey& unit : units) touched.push_back(std::move(records[unit]));
        rows.merge(batch.apply(touched).delta);
        for (size_t i = 0; i < units.size(); ++i) records[units[i]] = std::move(touched[i]);
        return {};
      }));
  return rows;
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
