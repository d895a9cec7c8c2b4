#include "actors/experiment/analysis/judge.hpp"

#include "actors/experiment/analysis/belief_judge.hpp"
#include "actors/experiment/analysis/planned_judge.hpp"
#include "actors/experiment/analysis/sequence_judge.hpp"

namespace troupe::experiment {

std::unique_ptr<Judge> make_judge(const ExperimentRecord& record) {
  switch (record.definition.rule.method) {
    case Method::fixed:
    case Method::group_sequential:
      return std::make_unique<PlannedJudge>(record);
    case Method::bayesian:
      return std::make_unique<BeliefJudge>(record);
    case Method::always_valid:
      break;
  }
  return std::make_unique<SequenceJudge>(record);
}

}  // namespace troupe::experiment
