#pragma once
// Plan: the running experiments of one model, ready to assign units. Pure and immutable: shared between threads.

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "actors/experiment/assignment/allocation.hpp"
#include "actors/experiment/assignment/targeting.hpp"
#include "runtime/base/clock.hpp"

namespace troupe::experiment {

/// Who a request comes from. A kind that is empty is unknown: experiments of that kind let the request pass.
struct RequestUnits {
  std::string_view user;
  std::string_view session;
  std::string_view key;
  std::string_view request;
};

struct Assignment {
  uint32_t experiment = 0;   ///< Index into Plan::experiments().
  uint32_t arm = 0;          ///< Index of its variants.
  uint32_t revision = 0;     ///< Of the allocation that says so.
  uint32_t segment = 0;      ///< See segment_of().
  std::string_view unit;     ///< The one that was assigned; of RequestUnits.
  bool is_override = false;  ///< Given, not drawn: nothing of it is counted.
};

class Plan {
 public:
  Plan(Plan&&) noexcept = default;

  /// corrupt_data names the experiment whose slots or segments make no sense.
  static Result<Plan> of(std::vector<protocol::RoutedExperiment> experiments);

  /// The variant that this request is given: of the first experiment that runs at `now`, is about such requests, and
  /// has the unit's slot in its layer. None where there is no such experiment. No allocation, O(experiments).
  ///
  /// A unit in an experiment's overrides is given that variant whatever else holds.
  std::optional<Assignment> assign(const RequestUnits& units, const Features& features, WallTime now) const;

  const std::vector<protocol::RoutedExperiment>& experiments() const noexcept { return experiments_; }

 private:
  struct Ready {
    std::vector<Allocation> allocations;  ///< One, or one for each segment.
    uint64_t salt;
    uint64_t layer_salt;
    std::map<std::string_view, uint32_t> overrides;  ///< Views into `experiments_`.
  };
  Plan(std::vector<protocol::RoutedExperiment> experiments, std::vector<Ready> ready)
      : experiments_(std::move(experiments)), ready_(std::move(ready)) {}

  std::vector<protocol::RoutedExperiment> experiments_;
  std::vector<Ready> ready_;  ///< One for each.
};

}  // namespace troupe::experiment
