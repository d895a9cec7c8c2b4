#include "actors/experiment/assignment/plan.hpp"

#include "actors/experiment/assignment/segments.hpp"

namespace troupe::experiment {
namespace {

std::string_view unit_of(protocol::UnitKind kind, const RequestUnits& units) {
  switch (kind) {
    case protocol::UnitKind::user:
      return units.user;
    case protocol::UnitKind::session:
      return units.session;
    case protocol::UnitKind::key:
      return units.key;
    case protocol::UnitKind::request:
      return units.request;
  }
  return {};
}

Result<std::vector<Allocation>> allocations_of(const protocol::RoutedExperiment& experiment) {
  const size_t segments = segment_count(experiment.segmentations);
  const size_t found = experiment.allocations.size();
  if (found != 1 && found != segments)
    return fail(Errc::corrupt_data, "{} allocations of {} segments", found, segments);
  std::vector<Allocation> allocations;
  for (const protocol::RoutedAllocation& one : experiment.allocations) {
    TROUPE_TRY(Allocation made, Allocation::from_ranges(one.slots, experiment.variants.size()));
    allocations.push_back(std::move(made));
  }
  return allocations;
}

}  // namespace

Result<Plan> Plan::of(std::vector<protocol::RoutedExperiment> experiments) {
  std::vector<Ready> ready;
  for (const protocol::RoutedExperiment& experiment : experiments) {
    auto allocations = allocations_of(experiment);
    if (!allocations)
      return fail(Errc::corrupt_data, "experiment {}: {}", experiment.name, allocations.error().message);
    // A layer and an experiment of one name are two questions.
    Ready one{std::move(*allocations), salt_of(experiment.salt), salt_of("layer/" + experiment.layer), {}};
    for (const auto& [unit, arm] : experiment.overrides) {
      if (arm >= experiment.variants.size())
        return fail(Errc::corrupt_data, "experiment {}: the override of {} names no variant", experiment.name, unit);
      one.overrides.emplace(unit, arm);
    }
    ready.push_back(std::move(one));
  }
  return Plan(std::move(experiments), std::move(ready));
}

std::optional<Assignment> Plan::assign(const RequestUnits& units, const Features& features, WallTime now) const {
  const int64_t at = unix_microseconds(now);
  for (uint32_t i = 0; i < experiments_.size(); ++i) {
    const protocol::RoutedExperiment& experiment = experiments_[i];
    const std::string_view unit = unit_of(experiment.unit, units);
    if (unit.empty() || at < experiment.starts_unix_us || at >= experiment.ends_unix_us) continue;
    const auto& overrides = ready_[i].overrides;
    if (const auto given = overrides.find(unit); given != overrides.end())
      return Assignment{.experiment = i, .arm = given->second, .unit = unit, .is_override = true};
    const bool is_whole = experiment.layer_first == 0 && experiment.layer_end == slot_count;
    if (!is_whole) {
      const uint32_t slot = slot_of(unit, ready_[i].layer_salt);
      if (slot < experiment.layer_first || slot >= experiment.layer_end) continue;
    }
    if (!experiment.targets.empty() && !matches(experiment.targets, features)) continue;
    const uint32_t segment = segment_of(experiment.segmentations, features);
    const size_t index = experiment.allocations.size() == 1 ? 0 : segment - 1;
    const uint32_t arm = ready_[i].allocations[index].arm_of(slot_of(unit, ready_[i].salt));
    return Assignment{i, arm, experiment.allocations[index].revision, segment, unit};
  }
  return std::nullopt;
}

}  // namespace troupe::experiment
