#pragma once
// Allocation: which arm has which slots. Pure, immutable.

#include <span>
#include <vector>

#include "actors/experiment/assignment/slots.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/experiments.hpp"

namespace troupe::experiment {

using protocol::SlotRange;

inline constexpr size_t arms_max = 64;

class Allocation {
 public:
  /// Arms get slots in proportion to `weights`, which sum to 1 ± 1e-6; rounding gives the slots left over to the
  /// largest remainders. invalid_argument: not 1 to 64 of them, one that is negative or no number, another sum, or one
  /// above 0 that is less than half a slot (the arm would get nobody).
  static Result<Allocation> from_weights(std::span<const double> weights);

  /// What from_weights() or reweighted() once made, from outside. corrupt_data where it is not that: ranges that do not
  /// begin at slot 0, are not in order or not of `arms`.
  static Result<Allocation> from_ranges(std::vector<SlotRange> ranges, size_t arms);

  /// With new weights, of as many arms or more: only slots that an arm must give up change hands, so that as few units
  /// move as can. Errors: as from_weights().
  Result<Allocation> reweighted(std::span<const double> weights) const;

  /// O(log ranges); of two arms that never were reweighted it is one comparison.
  uint32_t arm_of(uint32_t slot) const;

  /// How many slots each arm has.
  std::vector<uint32_t> slots_by_arm() const;
  size_t arms() const noexcept { return arms_; }
  /// Neighbours differ.
  const std::vector<SlotRange>& ranges() const noexcept { return ranges_; }

  bool operator==(const Allocation&) const = default;

 private:
  Allocation(std::vector<SlotRange> ranges, size_t arms) : ranges_(std::move(ranges)), arms_(arms) {}

  std::vector<SlotRange> ranges_;
  size_t arms_ = 0;
};

/// Slots whose arm is another in `after`: the share of units that move is this / slot_count.
uint32_t moved_slots(const Allocation& before, const Allocation& after);

}  // namespace troupe::experiment
