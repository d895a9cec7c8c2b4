#pragma once
// BeliefJudge: the Bayesian method. Rates have Beta posteriors under a uniform prior, other values Student's under
// Jeffreys' prior. What is significant is believed with 1 - alpha; that does not bound false alarms over many looks
// (statistics/bayesian.hpp).

#include <optional>
#include <vector>

#include "actors/experiment/analysis/judge.hpp"
#include "actors/experiment/analysis/metric_view.hpp"
#include "actors/experiment/analysis/pair_estimate.hpp"
#include "actors/experiment/ledger/rules.hpp"
#include "actors/experiment/statistics/bayesian.hpp"

namespace troupe::experiment {

class BeliefJudge final : public Judge {
 public:
  explicit BeliefJudge(const ExperimentRecord& record);

  void judge(const Aggregates& rows, Analysis& analysis) override;

 private:
  void judge_metric(uint32_t index, const Aggregates& rows, Analysis& analysis) const;
  void believe(const MetricDefinition& metric, const PairEstimate& pair, const std::vector<Posterior>& arms,
               const std::vector<ArmBelief>& beliefs, Comparison& comparison) const;

  const Definition definition_;
  const Rules rules_;
};

}  // namespace troupe::experiment
