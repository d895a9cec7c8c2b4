#pragma once
// ExperimentBook: all experiments of a cluster, and what becomes of them. Pure: says what a record would become;
// whoever stores it says set().

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "actors/experiment/lifecycle/record.hpp"
#include "actors/experiment/lifecycle/revisions.hpp"

namespace troupe::experiment {

class ExperimentBook {
 public:
  void set(ExperimentRecord record);
  void remove(const std::string& name) { records_.erase(name); }
  const ExperimentRecord* find(const std::string& name) const;
  const std::map<std::string, ExperimentRecord>& all() const noexcept { return records_; }

  // What becomes of a record. Errors: those of check(); not_found with the nearest name; failed_precondition, with what
  // stands in the way.

  /// A new draft, or a draft changed. A running experiment takes the same definition, or one with other weights (see
  /// reweighted()); any other change of it is another experiment. `salt` makes its assignment independent of every
  /// other's; `number` must be new.
  Result<ExperimentRecord> defined(const Definition& definition, uint32_t number, std::string salt, WallTime now) const;

  /// It runs from now on. `served`: the versions of its model that deployments serve; what is not there cannot be
  /// compared. Refused also where its layer has too few free slots, or where another experiment, of another layer,
  /// decides the model's version.
  Result<ExperimentRecord> started(const std::string& name, const std::set<std::string>& served, WallTime now) const;

  /// Drafts that are to start by now, by their own `starts`.
  std::vector<std::string> due(WallTime now) const;

  /// Another allocation, of all segments where each has its own: as few units move as can. `weights`: one for each
  /// variant, summing to 1 ± 1e-6.
  Result<ExperimentRecord> reweighted(const std::string& name, std::span<const double> weights, WallTime now) const;
  /// Likewise, of some segments (see weighed_segments()), each once.
  Result<ExperimentRecord> reweighted(const std::string& name, std::span<const SegmentWeights> changes,
                                      WallTime now) const;

  /// A running one ends: decided, stopped, inconclusive or invalid, and why.
  Result<ExperimentRecord> ended(const std::string& name, State state, std::string reason, std::string verdict,
                                 WallTime now) const;

  /// Drafts and those that have ended may be deleted.
  Status deletable(const std::string& name) const;

  /// What gateways are told of: the running experiments of a model, in the order of their names.
  std::vector<protocol::RoutedExperiment> routed(const std::string& model) const;

  /// The number of the next one: they follow the seconds, so that none is ever given twice, also after the last one was
  /// deleted.
  uint32_t next_number(WallTime now) const;
  /// No experiment that is defined from now on has a number up to this, and every one that was ever defined has: also
  /// those that were deleted before this began.
  uint32_t known_through(WallTime now) const;

 private:
  Result<ExperimentRecord> running(const std::string& name) const;
  Result<ExperimentRecord> known(const std::string& name) const;

  std::map<std::string, ExperimentRecord> records_;
  uint32_t highest_number_ = 0;
};

}  // namespace troupe::experiment
