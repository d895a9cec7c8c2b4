#include "actors/experiment/shard/shard_reader.hpp"

#include <algorithm>
#include <charconv>

#include "actors/experiment/events/event_codec.hpp"
#include "actors/experiment/ledger/stored_ledger.hpp"
#include "actors/experiment/shard/shard_keys.hpp"
#include "actors/experiment/shard/stored_block.hpp"

namespace troupe::experiment {
namespace {

bool is_about(const Rules& rules, const protocol::Event& event) {
  if (const protocol::ArmOf* const place = place_of(event))
    return place->experiment == rules.experiment && place->arm < rules.arms;
  return event.kind == rules.unit &&
         outcome_measure(rules, std::get<protocol::Outcome>(event.what).measure).has_value();
}

/// Fills a page from one block after the other.
class PageFiller {
 public:
  PageFiller(const Rules& rules, const EventCursor& from, size_t limit) : rules_(rules), from_(from), limit_(limit) {}

  /// False where the page is full; `page.next` says then where the next one begins.
  Result<bool> add(uint32_t slot, uint64_t number, const StoredBlock& block) {
    if (bytes_ >= ShardReader::page_bytes_max.value) return end_at({slot, number, 0});
    bytes_ += block.events.size();
    if (!block.is_counted_for(rules_.experiment)) return true;
    TROUPE_TRY(const auto events, events_of_block(block.events));
    const bool is_first = slot == from_.slot && number == from_.block;
    for (size_t i = is_first ? from_.event : 0; i < events.size(); ++i) {
      auto event = decode_event(events[i]);
      if (!event || !is_about(rules_, *event)) continue;
      if (page.events.size() == limit_) return end_at({slot, number, static_cast<uint32_t>(i)});
      page.events.push_back({slot, std::move(*event)});
    }
    return true;
  }

  EventPage page;

 private:
  bool end_at(const EventCursor& next) {
    page.next = next;
    return false;
  }

  const Rules& rules_;
  const EventCursor from_;
  const size_t limit_;
  size_t bytes_ = 0;
};

/// Keeps the records of a slot's units while its events are counted.
class Recounter {
 public:
  explicit Recounter(const Rules& rules) { rules_.set(rules); }

  Status add(const StoredBlock& block, SlotRecount& recount) {
    TROUPE_TRY(const auto bytes, events_of_block(block.events));
    std::vector<protocol::Event> events;
    for (const std::string_view one : bytes)
      if (auto event = decode_event(one)) events.push_back(std::move(*event));
    EventBatch batch(rules_);
    for (const protocol::Event& event : events) batch.add(event);
    const std::vector<UnitKey>& units = batch.units();
    std::vector<UnitRecord> touched;
    for (const UnitKey& unit : units) touched.push_back(std::move(records_[unit]));
    const EventBatch::Applied applied = batch.apply(touched);
    for (size_t i = 0; i < units.size(); ++i) records_[units[i]] = std::move(touched[i]);
    recount.counted.merge(applied.delta);
    recount.events += applied.events;
    ++recount.blocks;
    return {};
  }

 private:
  RuleBook rules_;
  std::map<UnitKey, UnitRecord> records_;
};

storage::KeyRange range_of(uint32_t slot, KeyKind kind, uint32_t experiment) {
  return storage::KeyRange::of_prefix(key_prefix(slot, kind) + experiment_bytes(experiment));
}

}  // namespace

std::string EventCursor::str() const {
  return fmt::format("{}.{}.{}", slot, block, event);
}

Result<EventCursor> event_cursor_from(std::string_view text) {
  EventCursor cursor;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto number = [&](auto& to, bool is_last) {
    const auto parsed = std::from_chars(at, end, to);
    if (parsed.ec != std::errc{}) return false;
    at = parsed.ptr;
    if (is_last) return at == end;
    return at != end && *at++ == '.';
  };
  if (number(cursor.slot, false) && number(cursor.block, false) && number(cursor.event, true) &&
      cursor.slot < event_slots)
    return cursor;
  return fail(Errc::invalid_argument, "'{}' is no cursor; it is what the page before said as its next", text);
}

Result<EventPage> ShardReader::events(const Rules& rules, const EventCursor& from, size_t limit) const {
  PageFiller filler(rules, from, limit);
  for (uint32_t slot = from.slot; slot < event_slots && !filler.page.next; ++slot)
    TROUPE_CHECK(
        each_block(database_, slot, slot == from.slot ? from.block : 0,
                   [&](uint64_t number, const StoredBlock& block) { return filler.add(slot, number, block); }));
  return std::move(filler.page);
}

Result<SlotRecount> ShardReader::recount(const Rules& rules, uint32_t slot) const {
  TROUPE_TRY(const storage::EventSnapshot snapshot, database_.snapshot());
  SlotRecount recount;
  Recounter recounter(rules);
  TROUPE_CHECK(each_block(snapshot, slot, 0, [&](uint64_t, const StoredBlock& block) -> Result<bool> {
    if (block.is_counted_for(rules.experiment)) TROUPE_CHECK(recounter.add(block, recount));
    return true;
  }));
  TROUPE_CHECK(snapshot.each(range_of(slot, KeyKind::row, rules.experiment),
                             [&](std::string_view key, std::string_view value) -> Status {
                               TROUPE_TRY(const RowKey name, row_key_from(key.substr(key_prefix_bytes)));
                               TROUPE_TRY(Row row, decode_row(value));
                               recount.kept.set(name, std::move(row));
                               return {};
                             }));
  return recount;
}

Result<std::optional<WallTime>> ShardReader::removed_until() const {
  std::optional<WallTime> until;
  for (uint32_t slot = 0; slot < event_slots; ++slot) {
    TROUPE_TRY(const auto removed, database_.get(key_prefix(slot, KeyKind::removed)));
    if (!removed) continue;
    TROUPE_TRY(const auto numbers, numbers_from<2>(*removed, "what was removed"));
    const WallTime last = wall_time_from_unix_microseconds(static_cast<int64_t>(numbers[1]));
    until = std::max(until.value_or(last), last);
  }
  return until;
}

Result<ByteCount> ShardReader::bytes_of(uint32_t experiment) const {
  ByteCount sum;
  for (uint32_t slot = 0; slot < event_slots; ++slot)
    for (const KeyKind kind : {KeyKind::unit, KeyKind::row}) {
      TROUPE_TRY(const ByteCount bytes, database_.approximate_size(range_of(slot, kind, experiment)));
      sum.value += bytes.value;
    }
  return sum;
}

Result<ByteCount> ShardReader::raw_bytes() const {
  ByteCount sum;
  for (uint32_t slot = 0; slot < event_slots; ++slot) {
    TROUPE_TRY(const ByteCount bytes,
               database_.approximate_size(storage::KeyRange::of_prefix(key_prefix(slot, KeyKind::raw))));
    sum.value += bytes.value;
  }
  return sum;
}

}  // namespace troupe::experiment
