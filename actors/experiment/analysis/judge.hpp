#pragma once
// Judge: a method of comparing variants. Watch asks it at each look; what it must remember between looks is in it.

#include <memory>

#include "actors/experiment/analysis/analysis.hpp"
#include "actors/experiment/ledger/aggregates.hpp"
#include "actors/experiment/lifecycle/record.hpp"

namespace troupe::experiment {

/// Not thread-safe.
class Judge {
 public:
  virtual ~Judge() = default;

  /// Fills in the comparisons, and of methods with planned looks what became of those. `analysis` has the rest already.
  virtual void judge(const Aggregates& rows, Analysis& analysis) = 0;
};

/// By the rule's method, for an experiment that has started.
std::unique_ptr<Judge> make_judge(const ExperimentRecord& record);

}  // namespace troupe::experiment
