#pragma once
// ExperimentWatcher: looks at the running experiments' numbers and says what they mean, at "experiment/watcher" on a
// head. It decides nothing by itself: the head is told, stores it and acts.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/experiment/analysis/watch.hpp"
#include "actors/experiment/decision/verdict.hpp"
#include "actors/experiment/lifecycle/revisions.hpp"
#include "actors/experiment/shard/shard_actor.hpp"
#include "runtime/actor/actor.hpp"
#include "runtime/observe/log.hpp"

namespace troupe::cluster {

inline constexpr std::string_view experiment_watcher_path = "experiment/watcher";

/// Head -> watcher: all that run; replaces what was known.
struct WatchExperiments {
  std::vector<experiment::ExperimentRecord> running;
  uint32_t known_through = 0;  ///< See experiment::ExperimentBook::known_through().
};

/// Head -> watcher: it is deleted, with all that was summed up of it.
struct ForgetDeletedExperiment {
  uint32_t number = 0;
};

/// Watcher -> head: a look at one of them.
struct ExperimentLook {
  std::string name;
  uint32_t number = 0;
  uint32_t revision = 0;  ///< Of the allocation that it knew.
  std::string document;   ///< JSON, see experiment::document_of().
  std::optional<experiment::Verdict> verdict{};
  std::vector<experiment::PlannedLook> looks{};       ///< All that were made, of methods that plan them.
  std::vector<experiment::SegmentWeights> weights{};  ///< A bandit's next allocations; empty: none.
};

/// Watcher -> head: it has just started, perhaps after a crash, and knows of none.
struct AskExperiments {};

struct ExperimentWatcherParts {
  actor::Ref shard;  ///< Has the rows.
  std::function<actor::Ref()> head;
  observe::Logger log;
  Duration interval = std::chrono::seconds{1};  ///< Between looks at an experiment.
};

class ExperimentWatcher final : public actor::Actor {
 public:
  ExperimentWatcher(actor::Context& context, ExperimentWatcherParts parts);

  void started() override;

 private:
  struct Watched {
    experiment::ExperimentRecord record;
    std::unique_ptr<experiment::Watch> watch;
    bool is_asking = false;
  };

  void take(const WatchExperiments& wish);
  void tell_shard();
  void look();
  void ask(uint32_t number);
  void analyze(Watched& watched, const experiment::ExperimentRows& rows);

  ExperimentWatcherParts parts_;
  std::map<uint32_t, Watched> watched_;  ///< By number.
  std::optional<uint32_t> known_through_;
};

}  // namespace troupe::cluster
