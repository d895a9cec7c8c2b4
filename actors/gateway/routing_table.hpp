#pragma once
// RoutingTable: a routing snapshot made for look-ups; and RoutingBoard, where front ends read the present one.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "actors/experiment/assignment/plan.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::gateway {

/// Immutable; shared between threads.
class RoutingTable {
 public:
  explicit RoutingTable(protocol::RoutingSnapshot snapshot);
  RoutingTable(const RoutingTable&) = delete;
  RoutingTable& operator=(const RoutingTable&) = delete;

  const protocol::RoutingSnapshot& snapshot() const noexcept { return snapshot_; }
  /// nullptr where there is none.
  const protocol::RoutedModel* find(std::string_view model) const;
  /// Of all models, in the snapshot's order.
  std::vector<std::string> model_names() const;

  /// The experiments of a model; nullptr where none runs (or what came of them makes no sense: see plan_errors()).
  const experiment::Plan* plan_of(std::string_view model) const;
  /// One for each model whose experiments are left out.
  const std::vector<Error>& plan_errors() const noexcept { return plan_errors_; }
  /// Header fields that experiments ask for, in lower case.
  const std::vector<std::string>& wanted_headers() const noexcept { return wanted_headers_; }
  bool has_experiments() const noexcept { return !plans_.empty(); }
  /// Whether an experiment asks for the key that a request came with.
  bool wants_keys() const noexcept { return wants_keys_; }

 private:
  void add_plan(const protocol::RoutedModel& model);
  /// Requests are asked for the feature.
  void want(std::string_view feature);

  const protocol::RoutingSnapshot snapshot_;
  std::unordered_map<std::string_view, const protocol::RoutedModel*> models_;
  std::unordered_map<std::string_view, experiment::Plan> plans_;
  std::vector<Error> plan_errors_;
  std::vector<std::string> wanted_headers_;
  bool wants_keys_ = false;
};

/// Whether `candidate` replaces `present`: a newer epoch, or the same and a newer revision.
bool is_newer(const protocol::RoutingSnapshot& candidate, const protocol::RoutingSnapshot& present) noexcept;

/// Versions of `model` that its routes name, each once, in their order.
std::vector<std::string> versions_of(const protocol::RoutedModel& model);
/// `name` is a version's or a label's: the version that it stands for. A name that is neither stands for itself. Valid
/// as long as `model` and `name`.
std::string_view version_meant(const protocol::RoutedModel& model, std::string_view name);
/// Whether a replica of the model (of `version`, unless that is empty) is ready.
bool has_replica(const protocol::RoutedModel& model, std::string_view version);

/// What the model's version takes and gives (that of the version with most traffic, where `version` is empty). Valid as
/// long as the model's table; nullptr while nothing is declared.
const protocol::ModelInterface* interface_of(const protocol::RoutedModel& model, std::string_view version);

/// Written by the gateway actor, read by front ends. Thread-safe.
class RoutingBoard {
 public:
  /// nullptr until a snapshot has come.
  std::shared_ptr<const RoutingTable> table() const;
  void publish(std::shared_ptr<const RoutingTable> table);

  /// This gateway is about to stop and says so at /ready, but still takes requests: those who send them need time to
  /// hear of it.
  void begin_drain();
  bool is_draining() const;
  /// New requests are refused from here on.
  void close();
  bool is_closed() const;
  /// Blocks, at most for `patience`. False where it is open still.
  bool wait_until_closed(Duration patience);
  /// The head has not been heard for longer than the lease of weights: only stable versions get what is not pinned.
  void set_stable_only(bool stable_only);
  bool is_stable_only() const;
  /// A snapshot has come and this gateway is not draining.
  bool is_ready() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable closes_;
  std::shared_ptr<const RoutingTable> table_;
  bool stable_only_ = false;
  bool draining_ = false;
  bool closed_ = false;
};

}  // namespace troupe::gateway
