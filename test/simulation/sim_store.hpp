#pragma once
// SimDisk and SimStore: the head's state store. The disk outlives the head, the store is one life's access to it.

#include <deque>
#include <memory>

#include "runtime/bus/sim/schedule.hpp"
#include "test/fakes/memory_state_store.hpp"

namespace troupe::sim {

/// What survives the head.
class SimDisk {
 public:
  /// At once, without a failure.
  storage::RangeResult read(const std::string& prefix);
  Result<storage::Revision> write(storage::Transaction transaction);
  void erase() { store_ = std::make_unique<test::MemoryStateStore>(); }

 private:
  std::unique_ptr<test::MemoryStateStore> store_ = std::make_unique<test::MemoryStateStore>();
};

struct SimStoreOptions {
  Duration delay_max{0};
  double error_chance = 0;  ///< Commits that end in io_error: applied or not, nobody knows.
  double lost_chance = 0;   ///< A defect: commits that are acknowledged and not applied.
};

/// Answers in the order of the calls, each within `delay_max` of the one before it; at once until begin_delays().
class SimStore final : public storage::StateStore {
 public:
  SimStore(SimDisk& disk, Schedule& schedule, Owner owner, SimStoreOptions options)
      : disk_(disk), schedule_(schedule), owner_(owner), options_(options) {}

  void range(std::string prefix, storage::RangeCallback done) override;
  void commit(storage::Transaction transaction, storage::CommitCallback done) override;
  Result<storage::WatchHandle> watch(std::string prefix, storage::Revision after,
                                     storage::WatchCallback on_event) override;

  void begin_delays() { delayed_ = true; }
  /// The process dies: of what was not answered a part may have been written.
  void die();

 private:
  struct Call {
    std::optional<storage::Transaction> transaction;  ///< Of a commit.
    std::function<void()> run;
  };
  void submit(Call call);
  void plan();

  SimDisk& disk_;
  Schedule& schedule_;
  const Owner owner_;
  const SimStoreOptions options_;
  std::deque<Call> calls_;
  bool delayed_ = false;
};

}  // namespace troupe::sim
