#pragma once
// ShardActor: keeps the events of some slots, at "experiment/shard" on heads. On a thread of its own, because disks
// block. Serves protocol::EventBlock with EventBlockHeld, once the block is safe against a loss of power.

#include <memory>
#include <vector>

#include "actors/experiment/shard/shard_store.hpp"
#include "runtime/actor/actor.hpp"
#include "runtime/observe/log.hpp"

namespace troupe::experiment {

inline constexpr std::string_view shard_path = "experiment/shard";

// Local messages.

/// All experiments that are counted, see ShardStore::set_rules(). Until the first one no block is taken.
struct SetRules {
  std::vector<Rules> all;
  uint32_t known_through = 0;
};
/// An experiment is deleted: its records and sums go.
struct ForgetExperiment {
  uint32_t number = 0;
};
/// Answered by ExperimentRows.
struct GetRows {
  uint32_t number = 0;
  bool with_parts = false;  ///< Those of segments' parts too, not of all units alone.
};
struct ExperimentRows {
  Aggregates rows;
  ShardCounts counts;
  DeliveryCounts delivery;  ///< See ShardStore::delivery().
};

struct ShardParts {
  std::shared_ptr<storage::EventDatabase> database;
  observe::Logger log;
  /// Blocks of one sync at most, and how long the first of them waits for others.
  size_t sync_blocks = 64;
  Duration sync_delay = std::chrono::milliseconds{2};
  Duration keep_raw{0};  ///< How long raw blocks are kept; 0: for good.
  /// A slot's old blocks are removed at a time, so many at most; where there are more, soon again.
  Duration removal_interval = std::chrono::seconds{10};
  Duration removal_pause = std::chrono::milliseconds{100};
  size_t removed_at_once = 256;
};

class ShardActor final : public actor::Actor {
 public:
  ShardActor(actor::Context& context, ShardParts parts);

  void started() override;
  void stopping() override { sync(); }

 private:
  struct Taken {
    actor::Reply reply;
    protocol::EventBlockHeld held;
  };

  void take(const protocol::EventBlock& block, actor::Reply reply);
  void sync();
  void set_rules(const SetRules& set);
  void remove_old();

  ShardParts parts_;
  std::unique_ptr<ShardStore> store_;
  std::optional<Error> failure_;  ///< Why there is no store.
  std::vector<Taken> taken_;      ///< Waits for the next sync.
  bool is_sync_due_ = false;
  uint32_t removal_turn_ = 0;  ///< The slot whose old blocks go next.
};

}  // namespace troupe::experiment
