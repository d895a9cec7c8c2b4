#pragma once
// ExperimentReader: pages of raw events, recounts and sizes of experiments, at "experiment/reader" on a head. On a
// thread of its own beside the shard, which goes on taking events meanwhile.

#include <memory>
#include <optional>
#include <string>

#include "actors/experiment/lifecycle/record.hpp"
#include "actors/experiment/shard/shard_reader.hpp"
#include "runtime/actor/actor.hpp"

namespace troupe::cluster {

inline constexpr std::string_view experiment_reader_path = "experiment/reader";

/// So many events of a page at most.
inline constexpr uint64_t event_page_max = 10'000;

/// Of an experiment that has started. Answered by ExperimentText, as all of these.
struct ReadEventPage {
  std::shared_ptr<const experiment::ExperimentRecord> record;
  experiment::EventCursor from;
  uint64_t limit = 1000;
};
struct RecountSlot {
  std::shared_ptr<const experiment::ExperimentRecord> record;
  uint32_t slot = 0;
};
struct ReadDiskUse {
  std::shared_ptr<const experiment::ExperimentRecord> record;
};
/// JSON, as docs/admin-api.md shows it.
struct ExperimentText {
  std::string text;
};

class ExperimentReader final : public actor::Actor {
 public:
  ExperimentReader(actor::Context& context, std::shared_ptr<storage::EventDatabase> database);

 private:
  Result<std::string> read_page(const ReadEventPage& wish) const;
  Result<std::string> recount(const RecountSlot& wish) const;
  Result<std::string> read_disk_use(const ReadDiskUse& wish) const;

  std::shared_ptr<storage::EventDatabase> database_;
  experiment::ShardReader reader_;
};

}  // namespace troupe::cluster
