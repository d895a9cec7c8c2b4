#pragma once
// Strata and segments: one estimate from several, and several from one experiment.

#include <span>
#include <string>
#include <vector>

#include "actors/experiment/statistics/family.hpp"
#include "actors/experiment/statistics/mean_sequence.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// What a stratum counts for. All are unbiased where the effect is the same in all strata.
enum class StratumWeights {
  /// units_a + units_b: the effect on the average unit that was watched, also where effects differ between strata.
  units,
  /// units_a units_b / (units_a + units_b) (Mantel and Haenszel 1959): near the least variance, and known from the
  /// allocation alone.
  overlap,
  /// 1 / standard_error^2: the least variance. Where variances follow means (rates), estimated weights pull the result
  /// a
  /// little towards strata that came out low by chance: for large strata.
  inverse_variance,
};

/// The weighted mean of strata's estimates. A ramp 5 -> 25 -> 50 % gives the second arm few units of the early traffic:
/// where the base rate drifts, pooling all revisions compares different times. Within a revision both arms see the same
/// traffic at constant shares, so each revision is a stratum; a unit belongs to the one it was first exposed in.
/// Refuses no strata, an estimate without units in an arm, and what MeanWatch refuses.
Result<Estimate> combine_strata(std::span<const Estimate> strata, StratumWeights weights = StratumWeights::units);

struct Segment {
  std::string name;
  Estimate estimate;
};

struct SegmentResult {
  std::string name;
  TestResult test;        ///< Its sequence at alpha / segments: simultaneous with the others'.
  FamilyVerdict verdict;  ///< Of all segments as one family.
};

/// Each segment's own mean_sequence(), equal shares of alpha. `prior_sd` as there, the same for all.
Result<std::vector<SegmentResult>> segment_sequences(std::span<const Segment> segments, double prior_sd, double alpha);

}  // namespace troupe::experiment
