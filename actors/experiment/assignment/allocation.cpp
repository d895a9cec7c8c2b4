#include "actors/experiment/assignment/allocation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace troupe::experiment {
namespace {

constexpr double sum_tolerance = 1e-6;
constexpr double half_slot = 0.5 / slot_count;

Status check_weights(std::span<const double> weights) {
  if (weights.empty() || weights.size() > arms_max)
    return fail(Errc::invalid_argument, "there must be 1 to {} weights, found {}", arms_max, weights.size());
  double sum = 0;
  for (const double weight : weights) {
    if (!std::isfinite(weight) || weight < 0)
      return fail(Errc::invalid_argument, "a weight must be a number from 0 to 1, found {}", weight);
    if (weight > 0 && weight < half_slot)
      return fail(Errc::invalid_argument,
                  "a weight of {} gives nobody: shares are kept to 1/{}; use 0, or at least {:.6f}", weight, slot_count,
                  1.0 / slot_count);
    sum += weight;
  }
  if (std::abs(sum - 1) > sum_tolerance)
    return fail(Errc::invalid_argument, "weights must sum to 1 (± {:g}), found {}", sum_tolerance, sum);
  return {};
}

/// Largest remainders; of equal ones the first. Sums to slot_count.
std::vector<uint32_t> slots_for(std::span<const double> weights) {
  std::vector<uint32_t> slots;
  std::vector<double> remainders;
  for (const double weight : weights) {
    const double exact = weight * slot_count;
    slots.push_back(static_cast<uint32_t>(exact));
    remainders.push_back(exact - std::floor(exact));
    // At least half a slot was asked for.
    if (weight > 0 && slots.back() == 0) {
      slots.back() = 1;
      remainders.back() = 0;
    }
  }
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](size_t arm) { return remainders[arm]; });
  int64_t left = int64_t{slot_count} - std::accumulate(slots.begin(), slots.end(), int64_t{0});
  const auto gets_any = [&](size_t arm) { return weights[arm] > 0; };
  for (size_t i = 0; left > 0; i = (i + 1) % order.size()) {
    if (!gets_any(order[i])) continue;
    ++slots[order[i]];
    --left;
  }
  // Weights may sum to a little more than 1, and small ones were rounded up: the largest pays.
  for (; left < 0; ++left) --*std::ranges::max_element(slots);
  return slots;
}

/// A run of slots of one arm, or of none.
struct Run {
  uint32_t first;
  uint32_t end;
  std::optional<uint32_t> arm;
};

std::vector<SlotRange> merged(const std::vector<Run>& runs) {
  std::vector<SlotRange> ranges;
  for (const Run& run : runs) {
    if (run.first == run.end || (!ranges.empty() && ranges.back().arm == *run.arm)) continue;
    ranges.push_back({run.first, *run.arm});
  }
  return ranges;
}

}  // namespace

Result<Allocation> Allocation::from_weights(std::span<const double> weights) {
  TROUPE_CHECK(check_weights(weights));
  std::vector<SlotRange> ranges;
  uint32_t first = 0;
  const std::vector<uint32_t> slots = slots_for(weights);
  for (uint32_t arm = 0; arm < slots.size(); ++arm) {
    if (slots[arm] > 0) ranges.push_back({first, arm});
    first += slots[arm];
  }
  return Allocation(std::move(ranges), weights.size());
}

Result<Allocation> Allocation::from_ranges(std::vector<SlotRange> ranges, size_t arms) {
  const auto bad = [](std::string_view why) {
    return fail(Errc::corrupt_data, "these are no ranges of slots: {}", why);
  };
  if (arms == 0 || arms > arms_max) return bad("there is no such number of arms");
  if (ranges.empty() || ranges.front().first != 0) return bad("they do not begin at slot 0");
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].arm >= arms) return bad("an arm does not exist");
    if (ranges[i].first >= slot_count || (i > 0 && ranges[i].first <= ranges[i - 1].first))
      return bad("the order is wrong");
    if (i > 0 && ranges[i].arm == ranges[i - 1].arm) return bad("two neighbours are one");
  }
  return Allocation(std::move(ranges), arms);
}

Result<Allocation> Allocation::reweighted(std::span<const double> weights) const {
  TROUPE_CHECK(check_weights(weights));
  if (weights.size() < arms_)
    return fail(Errc::invalid_argument, "there are {} arms, and {} weights: an arm that goes has weight 0", arms_,
                weights.size());
  std::vector<uint32_t> wanted = slots_for(weights);
  std::vector<uint32_t> surplus(weights.size());
  const std::vector<uint32_t> present = slots_by_arm();
  for (size_t arm = 0; arm < arms_; ++arm) surplus[arm] = present[arm] - std::min(present[arm], wanted[arm]);

  // Each arm gives from its last slots on, so that what it keeps stays in few pieces.
  std::vector<Run> runs;
  for (size_t i = ranges_.size(); i-- > 0;) {
    const uint32_t end = i + 1 < ranges_.size() ? ranges_[i + 1].first : slot_count;
    const auto [first, arm] = ranges_[i];
    const uint32_t given = std::min(surplus[arm], end - first);
    surplus[arm] -= given;
    if (given > 0) runs.push_back({end - given, end, std::nullopt});
    if (end - given > first) runs.push_back({first, end - given, arm});
  }
  std::ranges::reverse(runs);

  std::vector<uint32_t> missing = wanted;
  for (const Run& run : runs)
    if (run.arm) missing[*run.arm] -= run.end - run.first;
  std::vector<Run> full;
  uint32_t taker = 0;
  for (const Run& run : runs) {
    if (run.arm) {
      full.push_back(run);
      continue;
    }
    for (uint32_t first = run.first; first < run.end;) {
      while (missing[taker] == 0) ++taker;
      const uint32_t taken = std::min(missing[taker], run.end - first);
      full.push_back({first, first + taken, taker});
      missing[taker] -= taken;
      first += taken;
    }
  }
  return Allocation(merged(full), weights.size());
}

uint32_t Allocation::arm_of(uint32_t slot) const {
  size_t low = 0;
  size_t high = ranges_.size();
  while (high - low > 1) {
    const size_t middle = (low + high) / 2;
    (ranges_[middle].first <= slot ? low : high) = middle;
  }
  return ranges_[low].arm;
}

std::vector<uint32_t> Allocation::slots_by_arm() const {
  std::vector<uint32_t> slots(arms_);
  for (size_t i = 0; i < ranges_.size(); ++i)
    slots[ranges_[i].arm] += (i + 1 < ranges_.size() ? ranges_[i + 1].first : slot_count) - ranges_[i].first;
  return slots;
}

uint32_t moved_slots(const Allocation& before, const Allocation& after) {
  uint32_t moved = 0;
  size_t left = 0;
  size_t right = 0;
  const auto end_of = [](const Allocation& allocation, size_t i) {
    return i + 1 < allocation.ranges().size() ? allocation.ranges()[i + 1].first : slot_count;
  };
  for (uint32_t first = 0; first < slot_count;) {
    const uint32_t end = std::min(end_of(before, left), end_of(after, right));
    if (before.ranges()[left].arm != after.ranges()[right].arm) moved += end - first;
    if (end == end_of(before, left)) ++left;
    if (end == end_of(after, right)) ++right;
    first = end;
  }
  return moved;
}

}  // namespace troupe::experiment
