#include "actors/experiment/ledger/event_batch.hpp"

#include <xxhash.h>

#include <algorithm>

#include "runtime/base/assert.hpp"

namespace troupe::experiment {
namespace {

/// False: it was there already.
bool change(UnitRecord& record, const Rules& rules, const protocol::Event& event, uint16_t measure) {
  if (const auto* exposure = std::get_if<protocol::Exposure>(&event.what)) {
    record.expose(rules, *exposure, event.time_unix_us);
  } else if (const auto* attempt = std::get_if<protocol::Attempt>(&event.what)) {
    record.attempt(rules, *attempt, event.time_unix_us);
  } else {
    const auto& outcome = std::get<protocol::Outcome>(event.what);
    return record.outcome(rules, {event.time_unix_us, outcome.id_high, outcome.id_low, measure, outcome.value});
  }
  return true;
}

}  // namespace

UnitKey unit_key(uint32_t experiment, std::string_view unit) {
  const XXH128_hash_t hash = XXH3_128bits(unit.data(), unit.size());
  return {experiment, hash.high64, hash.low64};
}

const protocol::ArmOf* place_of(const protocol::Event& event) {
  if (const auto* exposure = std::get_if<protocol::Exposure>(&event.what)) return &exposure->place;
  if (const auto* attempt = std::get_if<protocol::Attempt>(&event.what)) return &attempt->place;
  return nullptr;
}

void EventBatch::add(const protocol::Event& event) {
  const UnitKey unit = unit_key(0, event.unit);
  const auto concern = [&](uint32_t experiment, uint16_t measure) {
    items_.push_back({{experiment, unit.high, unit.low}, &event, measure});
  };
  if (const protocol::ArmOf* const place = place_of(event)) {
    const Rules* const rules = rules_.find(place->experiment);
    const bool is_known = rules != nullptr && place->arm < rules->arms;
    is_known ? concern(place->experiment, 0) : void(++foreign_);
    return;
  }
  bool is_known = false;
  for (const auto& [number, rules] : rules_.all()) {
    if (rules.unit != event.kind) continue;
    const auto measure = outcome_measure(rules, std::get<protocol::Outcome>(event.what).measure);
    if (!measure) continue;
    concern(number, *measure);
    is_known = true;
  }
  foreign_ += !is_known;
}

const std::vector<UnitKey>& EventBatch::units() {
  // Stable: events of one unit are applied in the order in which they came.
  std::ranges::stable_sort(items_, {}, &Item::unit);
  units_.clear();
  for (const Item& item : items_)
    if (units_.empty() || units_.back() != item.unit) units_.push_back(item.unit);
  return units_;
}

EventBatch::Applied EventBatch::apply(std::vector<UnitRecord>& records) {
  TROUPE_ASSERT(records.size() == units_.size());
  Applied applied;
  applied.foreign = foreign_;
  auto item = items_.begin();
  for (size_t i = 0; i < units_.size(); ++i) {
    const Rules& rules = *rules_.find(units_[i].experiment);
    applied.delta.add(rules.experiment, contributions(records[i], rules), -1);
    for (; item != items_.end() && item->unit == units_[i]; ++item)
      change(records[i], rules, *item->event, item->measure) ? ++applied.events : ++applied.repeated;
    applied.delta.add(rules.experiment, contributions(records[i], rules));
  }
  applied.delta.drop_empty_rows();
  return applied;
}

}  // namespace troupe::experiment
