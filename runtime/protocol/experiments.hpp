#pragma once
// What gateways know of running experiments: with it alone they assign units to variants.

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace troupe::protocol {

/// What an experiment assigns: everything of one unit is given the same variant.
enum class UnitKind : uint8_t {
  user = 0,     ///< `user` of the request, or the header x-user-id.
  session = 1,  ///< The header x-session-id.
  key = 2,      ///< The API key.
  request = 3,  ///< Each request for itself.
};

/// Slots from `first` up to the next range's first (or to the end) are those of `arm`.
struct SlotRange {
  uint32_t first = 0;
  uint32_t arm = 0;  ///< Index of a variant.
  bool operator==(const SlotRange&) const = default;
  static constexpr auto fields() { return std::tuple{&SlotRange::first, &SlotRange::arm}; }
};

enum class ConditionKind : uint8_t {
  any_of = 0,    ///< The feature is one of `values`.
  none_of = 1,   ///< It is none of them, or the request has no such feature.
  at_least = 2,  ///< It is a number, and >= `number`.
  below = 3,     ///< It is a number, and < `number`.
  present = 4,
  absent = 5,
};

/// Of a request, by a feature that it has: "header.NAME", "group", "region", "key", "parameters.NAME".
struct TargetCondition {
  std::string feature;
  ConditionKind kind = ConditionKind::any_of;
  std::vector<std::string> values;
  double number = 0;
  bool operator==(const TargetCondition&) const = default;
  static constexpr auto fields() {
    using T = TargetCondition;
    return std::tuple{&T::feature, &T::kind, &T::values, &T::number};
  }
};

struct Variant {
  std::string name;
  std::string version;  ///< Of the experiment's model.
  bool operator==(const Variant&) const = default;
  static constexpr auto fields() { return std::tuple{&Variant::name, &Variant::version}; }
};

/// A unit whose variant is given.
struct UnitOverride {
  std::string unit;
  uint32_t arm = 0;
  bool operator==(const UnitOverride&) const = default;
  static constexpr auto fields() { return std::tuple{&UnitOverride::unit, &UnitOverride::arm}; }
};

/// Requests told apart by a feature, to see whether variants do alike for all: those with `values[i]` are part i, all
/// others the part behind them.
struct Segmentation {
  std::string feature;
  std::vector<std::string> values;
  bool operator==(const Segmentation&) const = default;
  static constexpr auto fields() { return std::tuple{&Segmentation::feature, &Segmentation::values}; }
};

/// Which variant has which units.
struct RoutedAllocation {
  uint32_t revision = 0;         ///< Each change of weights has the next one.
  std::vector<SlotRange> slots;  ///< Of the units that take part; arms are indices of the variants.
  bool operator==(const RoutedAllocation&) const = default;
  static constexpr auto fields() { return std::tuple{&RoutedAllocation::revision, &RoutedAllocation::slots}; }
};

/// A running experiment, as a gateway needs it.
struct RoutedExperiment {
  std::string name;
  uint32_t number = 0;  ///< Events name it by this.
  std::string salt;     ///< Its own for each time that an experiment of the name was made.
  UnitKind unit = UnitKind::user;
  std::vector<Variant> variants;
  std::vector<RoutedAllocation> allocations;  ///< One, or one for each segment.
  std::vector<Segmentation> segmentations;    ///< Together they tell the segments: see segment_of().
  std::string layer;                          ///< Experiments of one layer share out its slots; each has those from
  uint32_t layer_first = 0;                   ///< here
  uint32_t layer_end = 0;                     ///< up to here.
  std::vector<TargetCondition> targets;       ///< All must hold.
  std::vector<UnitOverride> overrides;        ///< For testing: nothing of them is counted. No unit twice.
  int64_t starts_unix_us = 0;
  int64_t ends_unix_us = 0;
  bool operator==(const RoutedExperiment&) const = default;
  static constexpr auto fields() {
    using R = RoutedExperiment;
    return std::tuple{&R::name,        &R::number,        &R::salt,           &R::unit,        &R::variants,
                      &R::allocations, &R::segmentations, &R::layer,          &R::layer_first, &R::layer_end,
                      &R::targets,     &R::overrides,     &R::starts_unix_us, &R::ends_unix_us};
  }
};

}  // namespace troupe::protocol
