#pragma once
// ExperimentHistorian: tells how experiments went, at "experiment/historian" on a head, on a thread of its own: a
// telling takes up to some tenths of a second, of many segments seconds, which neither the head nor who watches them
// can spare.

#include <functional>
#include <string>

#include "actors/experiment/ledger/aggregates.hpp"
#include "actors/experiment/lifecycle/record.hpp"
#include "runtime/actor/actor.hpp"

namespace troupe::cluster {

inline constexpr std::string_view experiment_historian_path = "experiment/historian";

/// What is told of an experiment.
enum class ExperimentTelling : uint8_t {
  history,   ///< JSON.
  report,    ///< All of it, as a page for people (HTML).
  effects,   ///< Of its factors, as they are now; JSON.
  segments,  ///< How variants do in each part, as of now; JSON.
};

/// Head -> historian. `record` has started.
struct TellExperiment {
  experiment::ExperimentRecord record;
  std::string document;  ///< What its numbers said last (experiment::document_of()); empty before the first look.
  ExperimentTelling as = ExperimentTelling::history;
  std::function<void(Result<std::string>)> done;  ///< On the historian's thread: must hand over.
};

class ExperimentHistorian final : public actor::Actor {
 public:
  /// `shard` has the rows.
  ExperimentHistorian(actor::Context& context, actor::Ref shard);

 private:
  /// Each holds the rows of an experiment.
  static constexpr size_t tellings_max = 8;

  void ask(const TellExperiment& wish);
  void tell(const TellExperiment& wish, const experiment::Aggregates& rows);

  const actor::Ref shard_;
  size_t tellings_ = 0;  ///< That wait for their rows.
};

}  // namespace troupe::cluster
