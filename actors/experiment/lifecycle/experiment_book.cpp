#include "actors/experiment/lifecycle/experiment_book.hpp"

#include <algorithm>

#include "actors/experiment/definition/compile.hpp"
#include "runtime/base/nearest.hpp"

namespace troupe::experiment {
namespace {

std::vector<double> weights_of(const Definition& definition) {
  std::vector<double> weights;
  for (const VariantDefinition& variant : definition.variants) weights.push_back(variant.weight);
  return weights;
}

Definition without_weights(Definition definition) {
  for (VariantDefinition& variant : definition.variants) variant.weight = 0;
  return definition;
}

void set_weights(Definition& definition, std::span<const double> weights) {
  for (size_t i = 0; i < weights.size(); ++i) definition.variants[i].weight = weights[i];
}

Revision revision_of(const Allocation& allocation, const SegmentWeights& of, uint32_t number, WallTime now) {
  return {number, unix_microseconds(now), of.weights, allocation.ranges(), 0, of.segment};
}

uint32_t next_revision(const ExperimentRecord& record) {
  return record.revisions.empty() ? 1 : record.revisions.back().number + 1;
}

/// The first gap of `wanted` slots between `taken` ranges.
std::optional<uint32_t> free_slots(std::vector<std::pair<uint32_t, uint32_t>> taken, uint32_t wanted) {
  std::ranges::sort(taken);
  taken.emplace_back(slot_count, slot_count);
  uint32_t first = 0;
  for (const auto& [begin, end] : taken) {
    if (begin >= first + wanted) return first;
    first = std::max(first, end);
  }
  return std::nullopt;
}

uint32_t second_of(WallTime time) {
  return static_cast<uint32_t>(unix_microseconds(time) / 1'000'000);
}

uint32_t slots_of_share(double share) {
  return std::max(1u, static_cast<uint32_t>(share * slot_count + 0.5));
}

}  // namespace

std::string_view name_of(State state) {
  switch (state) {
    case State::draft:
      return "draft";
    case State::running:
      return "running";
    case State::decided:
      return "decided";
    case State::stopped:
      return "stopped";
    case State::inconclusive:
      return "inconclusive";
    case State::invalid:
      return "invalid";
  }
  return "unknown";
}

void ExperimentBook::set(ExperimentRecord record) {
  const std::string name = record.definition.name;
  highest_number_ = std::max(highest_number_, record.number);
  records_[name] = std::move(record);
}

const ExperimentRecord* ExperimentBook::find(const std::string& name) const {
  const auto found = records_.find(name);
  return found == records_.end() ? nullptr : &found->second;
}

Result<ExperimentRecord> ExperimentBook::known(const std::string& name) const {
  if (const ExperimentRecord* const record = find(name)) return *record;
  std::vector<std::string> names;
  for (const auto& [known, record] : records_) names.push_back(known);
  return fail(Errc::not_found, "there is no experiment {}{}", name, did_you_mean(name, names));
}

Result<ExperimentRecord> ExperimentBook::running(const std::string& name) const {
  TROUPE_TRY(ExperimentRecord record, known(name));
  if (record.state == State::running) return record;
  return fail(Errc::failed_precondition, "experiment {} is not running: it is {}", name, name_of(record.state));
}

Result<ExperimentRecord> ExperimentBook::defined(const Definition& definition, uint32_t number, std::string salt,
                                                 WallTime now) const {
  TROUPE_CHECK(check(definition));
  const ExperimentRecord* const present = find(definition.name);
  if (present == nullptr || present->state == State::draft) {
    ExperimentRecord record;
    record.number = present == nullptr ? number : present->number;
    record.definition = definition;
    record.salt = present == nullptr ? std::move(salt) : present->salt;
    record.created_unix_us = present == nullptr ? unix_microseconds(now) : present->created_unix_us;
    return record;
  }
  if (present->definition == definition) return *present;
  if (present->state != State::running)
    return fail(Errc::failed_precondition,
                "experiment {} is {}: what was asked stays as it was; ask anew under another name", definition.name,
                name_of(present->state));
  if (without_weights(present->definition) != without_weights(definition))
    return fail(Errc::failed_precondition,
                "experiment {} is running: only weights may change; ask something else under another name",
                definition.name);
  return reweighted(definition.name, weights_of(definition), now);
}

Result<ExperimentRecord> ExperimentBook::started(const std::string& name, const std::set<std::string>& served,
                                                 WallTime now) const {
  TROUPE_TRY(ExperimentRecord record, known(name));
  if (record.state == State::running) return record;
  if (record.state != State::draft)
    return fail(Errc::failed_precondition, "experiment {} has ended ({}); ask anew under another name", name,
                name_of(record.state));
  if (const auto ends = ends_at(record.definition); ends && *ends <= now)
    return fail(Errc::failed_precondition, "experiment {} was to end at {}", name, record.definition.ends);
  for (const VariantDefinition& variant : record.definition.variants)
    if (!served.contains(variant.version))
      return fail(Errc::failed_precondition, "variant {}: no deployment serves {}@{}; deploy it first", variant.name,
                  record.definition.model, variant.version);
  std::vector<std::pair<uint32_t, uint32_t>> taken;
  for (const auto& [other_name, other] : records_) {
    if (other.state != State::running) continue;
    const bool shares_layer = other.definition.layer == record.definition.layer;
    if (shares_layer) taken.emplace_back(other.layer_first, other.layer_end);
    if (!shares_layer && other.definition.model == record.definition.model)
      return fail(
          Errc::failed_precondition,
          "experiment {} decides the version of {} already, in layer {}; in that layer both can run, each with a "
          "share of the units",
          other_name, other.definition.model, other.definition.layer);
  }
  const uint32_t wanted = slots_of_share(record.definition.share);
  const auto first = free_slots(taken, wanted);
  if (!first) {
    uint32_t left = slot_count;
    for (const auto& [begin, end] : taken) left -= end - begin;
    return fail(Errc::failed_precondition,
                "layer {} has {:.1f} % of its units left in all, and not {:.1f} % in one piece",
                record.definition.layer, 100.0 * left / slot_count, 100.0 * wanted / slot_count);
  }
  const std::vector<double> weights = weights_of(record.definition);
  TROUPE_TRY(const Allocation allocation, Allocation::from_weights(weights));
  record.state = State::running;
  record.started_unix_us = unix_microseconds(now);
  record.layer_first = *first;
  record.layer_end = *first + wanted;
  record.revisions.clear();
  for (const uint32_t segment : weighed_segments(record.definition))
    record.revisions.push_back(revision_of(allocation, {segment, weights}, next_revision(record), now));
  return record;
}

std::vector<std::string> ExperimentBook::due(WallTime now) const {
  std::vector<std::string> names;
  for (const auto& [name, record] : records_) {
    const auto starts = starts_at(record.definition);
    if (record.state == State::draft && starts && *starts <= now) names.push_back(name);
  }
  return names;
}

Result<ExperimentRecord> ExperimentBook::reweighted(const std::string& name, std::span<const double> weights,
                                                    WallTime now) const {
  TROUPE_TRY(const ExperimentRecord present, running(name));
  std::vector<SegmentWeights> changes;
  for (const uint32_t segment : weighed_segments(present.definition))
    changes.push_back({segment, {weights.begin(), weights.end()}});
  TROUPE_TRY(ExperimentRecord record, reweighted(name, changes, now));
  set_weights(record.definition, weights);
  return record;
}

Result<ExperimentRecord> ExperimentBook::reweighted(const std::string& name, std::span<const SegmentWeights> changes,
                                                    WallTime now) const {
  TROUPE_TRY(ExperimentRecord record, running(name));
  const std::vector<const Revision*> present = present_revisions(*find(name));
  const size_t most = revisions_max(record.definition);
  if (record.revisions.size() + changes.size() > most)
    return fail(Errc::resource_exhausted, "experiment {} has had {} allocations, and at most {} are kept", name,
                record.revisions.size(), most);
  for (const SegmentWeights& change : changes) {
    if (change.weights.size() != record.definition.variants.size())
      return fail(Errc::invalid_argument, "experiment {} has {} variants, and there are {} weights", name,
                  record.definition.variants.size(), change.weights.size());
    const auto last = std::ranges::find(present, change.segment, [](const Revision* one) { return one->segment; });
    if (last == present.end())
      return fail(Errc::invalid_argument, "experiment {} has no segment {} with weights of its own", name,
                  change.segment);
    TROUPE_TRY(const Allocation before, Allocation::from_ranges((*last)->slots, change.weights.size()));
    TROUPE_TRY(const Allocation after, before.reweighted(change.weights));
    Revision next = revision_of(after, change, next_revision(record), now);
    next.moved = moved_slots(before, after);
    std::ranges::find(record.revisions, (*last)->number, &Revision::number)->slots.clear();
    record.revisions.push_back(std::move(next));
  }
  if (!weighs_segments(record.definition) && !changes.empty()) set_weights(record.definition, changes.back().weights);
  return record;
}

Result<ExperimentRecord> ExperimentBook::ended(const std::string& name, State state, std::string reason,
                                               std::string verdict, WallTime now) const {
  TROUPE_TRY(ExperimentRecord record, running(name));
  record.state = state;
  record.ended_unix_us = unix_microseconds(now);
  record.reason = std::move(reason);
  record.verdict = std::move(verdict);
  return record;
}

Status ExperimentBook::deletable(const std::string& name) const {
  TROUPE_TRY(const ExperimentRecord record, known(name));
  if (record.state != State::running) return {};
  return fail(Errc::failed_precondition, "experiment {} is running; stop it first", name);
}

std::vector<protocol::RoutedExperiment> ExperimentBook::routed(const std::string& model) const {
  std::vector<protocol::RoutedExperiment> experiments;
  for (const auto& [name, record] : records_) {
    const Definition& definition = record.definition;
    if (record.state != State::running || definition.model != model) continue;
    protocol::RoutedExperiment one;
    one.name = name;
    one.number = record.number;
    one.salt = record.salt;
    one.unit = definition.unit;
    for (const VariantDefinition& variant : definition.variants)
      one.variants.push_back({variant.name, variant.version});
    for (const Revision* const revision : present_revisions(record))
      one.allocations.push_back({revision->number, revision->slots});
    one.segmentations = definition.segments;
    one.layer = definition.layer;
    one.layer_first = record.layer_first;
    one.layer_end = record.layer_end;
    one.targets = conditions_of(definition);
    for (const auto& [unit, variant] : definition.overrides) {
      const auto arm = std::ranges::find(definition.variants, variant, &VariantDefinition::name);
      one.overrides.push_back({unit, static_cast<uint32_t>(arm - definition.variants.begin())});
    }
    one.starts_unix_us = record.started_unix_us;
    one.ends_unix_us = record.started_unix_us + definition.rule.maximum_duration / std::chrono::microseconds{1};
    if (const auto ends = ends_at(definition)) one.ends_unix_us = std::min(one.ends_unix_us, unix_microseconds(*ends));
    experiments.push_back(std::move(one));
  }
  return experiments;
}

uint32_t ExperimentBook::next_number(WallTime now) const {
  return std::max(highest_number_ + 1, second_of(now));
}

uint32_t ExperimentBook::known_through(WallTime now) const {
  return std::max(highest_number_, second_of(now) - 1);
}

}  // namespace troupe::experiment
