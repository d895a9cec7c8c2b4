#include "actors/gateway/routing_table.hpp"

#include <algorithm>
#include <utility>

namespace troupe::gateway {
namespace {

constexpr std::string_view key_feature = "key";
constexpr std::string_view header_feature = "header.";

}  // namespace

RoutingTable::RoutingTable(protocol::RoutingSnapshot snapshot) : snapshot_(std::move(snapshot)) {
  models_.reserve(snapshot_.models.size());
  for (const protocol::RoutedModel& model : snapshot_.models) {
    models_.emplace(model.name, &model);
    if (!model.experiments.empty()) add_plan(model);
  }
}

void RoutingTable::add_plan(const protocol::RoutedModel& model) {
  auto plan = experiment::Plan::of(model.experiments);
  if (!plan) return plan_errors_.push_back(plan.error());
  for (const protocol::RoutedExperiment& one : model.experiments) {
    wants_keys_ = wants_keys_ || one.unit == protocol::UnitKind::key;
    for (const protocol::TargetCondition& target : one.targets) want(target.feature);
    for (const protocol::Segmentation& segmentation : one.segmentations) want(segmentation.feature);
  }
  plans_.emplace(model.name, std::move(*plan));
}

void RoutingTable::want(std::string_view feature) {
  wants_keys_ = wants_keys_ || feature == key_feature;
  if (!feature.starts_with(header_feature)) return;
  std::string name(feature.substr(header_feature.size()));
  if (std::ranges::find(wanted_headers_, name) == wanted_headers_.end()) wanted_headers_.push_back(std::move(name));
}

const experiment::Plan* RoutingTable::plan_of(std::string_view model) const {
  const auto found = plans_.find(model);
  return found == plans_.end() ? nullptr : &found->second;
}

const protocol::RoutedModel* RoutingTable::find(std::string_view model) const {
  const auto found = models_.find(model);
  return found == models_.end() ? nullptr : found->second;
}

std::vector<std::string> RoutingTable::model_names() const {
  std::vector<std::string> names;
  for (const protocol::RoutedModel& model : snapshot_.models) names.push_back(model.name);
  return names;
}

bool is_newer(const protocol::RoutingSnapshot& candidate, const protocol::RoutingSnapshot& present) noexcept {
  return std::pair(candidate.epoch, candidate.revision) > std::pair(present.epoch, present.revision);
}

std::vector<std::string> versions_of(const protocol::RoutedModel& model) {
  std::vector<std::string> versions;
  for (const protocol::Route& route : model.routes) {
    if (std::ranges::find(versions, route.version) == versions.end()) versions.push_back(route.version);
  }
  return versions;
}

std::string_view version_meant(const protocol::RoutedModel& model, std::string_view name) {
  const auto label =
      std::ranges::find(model.labels, name, [](const auto& entry) { return std::string_view(entry.first); });
  return label == model.labels.end() ? name : std::string_view(label->second);
}

bool has_replica(const protocol::RoutedModel& model, std::string_view version) {
  const std::string_view wanted = version_meant(model, version);
  return std::ranges::any_of(model.routes, [wanted](const protocol::Route& route) {
    return (wanted.empty() || route.version == wanted) && !route.replicas.empty();
  });
}

const protocol::ModelInterface* interface_of(const protocol::RoutedModel& model, std::string_view version) {
  const std::string_view wanted = version_meant(model, version);
  const protocol::Route* best = nullptr;
  for (const protocol::Route& route : model.routes) {
    if (!route.interface.is_declared() || (!wanted.empty() && route.version != wanted)) continue;
    if (best == nullptr || route.weight > best->weight) best = &route;
  }
  return best == nullptr ? nullptr : &best->interface;
}

std::shared_ptr<const RoutingTable> RoutingBoard::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

void RoutingBoard::publish(std::shared_ptr<const RoutingTable> table) {
  const std::lock_guard lock(mutex_);
  table_ = std::move(table);
}

bool RoutingBoard::is_draining() const {
  const std::lock_guard lock(mutex_);
  return draining_;
}

void RoutingBoard::begin_drain() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
}

void RoutingBoard::close() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
  closed_ = true;
  closes_.notify_all();
}

bool RoutingBoard::is_closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

bool RoutingBoard::wait_until_closed(Duration patience) {
  std::unique_lock lock(mutex_);
  return closes_.wait_for(lock, patience, [this] { return closed_; });
}

void RoutingBoard::set_stable_only(bool stable_only) {
  const std::lock_guard lock(mutex_);
  stable_only_ = stable_only;
}

bool RoutingBoard::is_stable_only() const {
  const std::lock_guard lock(mutex_);
  return stable_only_;
}

bool RoutingBoard::is_ready() const {
  const std::lock_guard lock(mutex_);
  return table_ != nullptr && !draining_;
}

}  // namespace troupe::gateway
