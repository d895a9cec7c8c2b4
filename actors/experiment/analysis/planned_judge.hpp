#pragma once
// PlannedJudge: the methods fixed and group_sequential. Variants are compared at looks that were planned ahead, by how
// many units there are; fixed has one, at the end. In between nothing new is said, since every look costs.

#include <vector>

#include "actors/experiment/analysis/judge.hpp"
#include "actors/experiment/analysis/pair_estimate.hpp"
#include "actors/experiment/ledger/rules.hpp"
#include "actors/experiment/statistics/group_sequential.hpp"

namespace troupe::experiment {

/// With how many units of the smallest variant the next look is made; none: the last one has been made.
std::optional<uint64_t> next_look_units(const DecisionRule& rule, const std::vector<PlannedLook>& looks);

/// Looks wait while the experiment is sick: they spend nothing then. Over all goals of all variants the chance of a
/// false verdict is held by Holm's procedure (fixed) or an equal share of alpha for each (group_sequential, by the
/// spending function of O'Brien and Fleming).
class PlannedJudge final : public Judge {
 public:
  explicit PlannedJudge(const ExperimentRecord& record);

  void judge(const Aggregates& rows, Analysis& analysis) override;

 private:
  /// A metric of a variant, as it was at earlier looks.
  struct Memory {
    double p_min = 1;  ///< The least alpha that would have rejected by now.
    bool was_significant = false;
  };

  bool is_due(const Analysis& analysis) const;
  void look(const Aggregates& rows, Analysis& analysis);
  Comparison compare(uint32_t metric, uint32_t arm, const Aggregates& rows, WallTime now) const;
  Result<TestResult> test_once(const MetricDefinition& metric, const PairEstimate& pair) const;
  void decide_once(std::vector<Comparison>& comparisons) const;
  void decide_in_sequence(std::vector<Comparison>& comparisons);
  std::vector<double> fractions() const;
  double goals() const;

  const Definition definition_;
  const Rules rules_;
  std::vector<PlannedLook> looks_;
  std::vector<Comparison> compared_;  ///< At the last look; empty: made by somebody before.
  std::vector<Memory> memories_;
};

}  // namespace troupe::experiment
