#pragma once
// SimBackend: a back end whose answers are made from prompts, in virtual time.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/worker/stream_budget.hpp"
#include "actors/worker/worker_actor.hpp"
#include "test/simulation/knobs.hpp"
#include "test/simulation/ledger.hpp"

namespace troupe::sim {

class SimBackend;

/// The back ends of one life of a node.
struct Backends {
  Schedule& schedule;
  const Owner owner;
  const Knobs& knobs;
  Ledger& ledger;
  std::set<SimBackend*> all;
  bool quiet = false;                         ///< Loading does not fail any more.
  std::map<ReplicaId, uint32_t> load_errors;  ///< In a row, of each replica.
};

class SimBackend final : public worker::Backend {
 public:
  SimBackend(Backends& backends, const protocol::ReplicaSpec& spec, worker::BackendEvents& events);
  ~SimBackend() override;

  void load() override;
  void execute(std::vector<worker::WorkItem> batch) override;
  void cancel(worker::WorkId id) override { running_.erase(id); }
  void credit(worker::WorkId id, uint64_t bytes) override;
  uint32_t slots() const override { return slots_; }
  worker::StepProgress progress() const override { return {}; }
  Duration longest_step() const override { return {}; }

  // Faults.
  void die();
  /// Nothing moves until resume().
  void hang() { hung_ = true; }
  void resume();
  /// The next execute() breaks its caller, the worker.
  void break_worker() { breaks_worker_ = true; }

  const protocol::ReplicaSpec& spec() const noexcept { return spec_; }
  bool is_warm() const noexcept { return warm_; }
  size_t running() const noexcept { return running_.size(); }

 private:
  struct Work {
    worker::WorkItem item;
    std::string prompt;
    uint32_t parts = 1;
    uint32_t next = 0;
    bool stream = false;
    worker::StreamBudget budget;
    bool waits = false;  ///< Was due while the back end hung, or while there was no credit.
  };

  void later(Duration longest, std::function<void()> action);
  void step(worker::WorkId id);
  void fail(std::string why);

  Backends& backends_;
  const protocol::ReplicaSpec spec_;
  worker::BackendEvents& events_;
  const uint32_t slots_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::map<worker::WorkId, Work> running_;
  bool warm_ = false;
  bool hung_ = false;
  bool breaks_worker_ = false;
};

}  // namespace troupe::sim
