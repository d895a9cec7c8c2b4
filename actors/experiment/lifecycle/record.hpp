#pragma once
// What the head keeps of an experiment, under "experiment/NAME".

#include "actors/experiment/assignment/allocation.hpp"
#include "actors/experiment/definition/definition.hpp"

namespace troupe::experiment {

/// draft -> running -> decided | stopped | inconclusive | invalid.
enum class State : uint8_t { draft = 1, running = 2, decided = 3, stopped = 4, inconclusive = 5, invalid = 6 };
std::string_view name_of(State state);

/// One allocation of an experiment's units, from `at` until the next one of the same segment.
struct Revision {
  uint32_t number = 0;  ///< From 1.
  int64_t at_unix_us = 0;
  std::vector<double> weights;   ///< One for each variant.
  std::vector<SlotRange> slots;  ///< While it holds; empty once another has followed.
  uint32_t moved = 0;            ///< Slots whose variant is another than before.
  uint32_t segment = 0;          ///< Of the definition's, from 1, where each has weights of its own; 0: of all units.
  bool operator==(const Revision&) const = default;
  static constexpr auto fields() {
    using R = Revision;
    return std::tuple{&R::number, &R::at_unix_us, &R::weights, &R::slots, &R::moved, &R::segment};
  }
};

/// A look of a method that plans them.
struct PlannedLook {
  uint32_t number = 0;  ///< From 1.
  int64_t at_unix_us = 0;
  uint64_t units = 0;   ///< Of the variant with the fewest.
  double fraction = 0;  ///< Of the planned units, at most 1.
  bool operator==(const PlannedLook&) const = default;
  static constexpr auto fields() {
    return std::tuple{&PlannedLook::number, &PlannedLook::at_unix_us, &PlannedLook::units, &PlannedLook::fraction};
  }
};

struct ExperimentRecord {
  uint32_t schema = 1;
  uint32_t number = 0;  ///< Of all experiments ever made here: events name it.
  Definition definition;
  State state = State::draft;
  std::string salt;
  int64_t created_unix_us = 0;
  int64_t started_unix_us = 0;
  int64_t ended_unix_us = 0;
  uint32_t layer_first = 0;  ///< While it runs: its slots of the layer, up to
  uint32_t layer_end = 0;    ///< here.
  std::vector<Revision> revisions;
  std::string reason;   ///< Why it ended, in a sentence.
  std::string verdict;  ///< The document, as JSON; empty while there is none.
  std::vector<PlannedLook> looks;
  bool operator==(const ExperimentRecord&) const = default;
  static constexpr auto fields() {
    using E = ExperimentRecord;
    return std::tuple{&E::schema,          &E::number,          &E::definition,    &E::state,       &E::salt,
                      &E::created_unix_us, &E::started_unix_us, &E::ended_unix_us, &E::layer_first, &E::layer_end,
                      &E::revisions,       &E::reason,          &E::verdict,       &E::looks};
  }
};

}  // namespace troupe::experiment
