#pragma once
// EventBatch: some events of one slot, and what they change. Whoever keeps the records loads those that the batch
// names, lets it change them, and stores them with the delta of the aggregates and the events' position, in one write:
// so each event is applied once.

#include <vector>

#include "actors/experiment/ledger/aggregates.hpp"
#include "actors/experiment/ledger/rule_book.hpp"

namespace troupe::experiment {

/// Names the record of a unit in an experiment: 128 bits of XXH3 of the unit's name, which is not kept.
struct UnitKey {
  uint32_t experiment = 0;
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const UnitKey&) const = default;
  auto operator<=>(const UnitKey&) const = default;
};
UnitKey unit_key(uint32_t experiment, std::string_view unit);

/// Where an exposure or an attempt belongs; null for outcomes, which say a measure alone.
const protocol::ArmOf* place_of(const protocol::Event& event);

class EventBatch {
 public:
  /// `rules` must outlive it and not change.
  explicit EventBatch(const RuleBook& rules) : rules_(rules) {}

  /// An outcome concerns every experiment of its kind of unit that has the measure; `event` must outlive the batch.
  void add(const protocol::Event& event);

  /// In order, each once.
  const std::vector<UnitKey>& units();

  struct Applied {
    Aggregates delta;
    uint64_t events = 0;    ///< That changed something, or were of nothing that is counted here.
    uint64_t repeated = 0;  ///< Outcomes that were there already.
    uint64_t foreign = 0;   ///< Of experiments that are not known, or of measures that no experiment has.
  };
  /// `records` are those of units(), an empty one where there was none.
  Applied apply(std::vector<UnitRecord>& records);

 private:
  struct Item {
    UnitKey unit;
    const protocol::Event* event;
    uint16_t measure;  ///< Of an outcome.
  };
  const RuleBook& rules_;
  std::vector<Item> items_;
  std::vector<UnitKey> units_;
  uint64_t foreign_ = 0;
};

}  // namespace troupe::experiment
