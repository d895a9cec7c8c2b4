#pragma once
// PairEstimate: a variant beside the control in one metric, before any method judges the difference.

#include <optional>
#include <string>

#include "actors/experiment/analysis/analysis.hpp"
#include "actors/experiment/analysis/metric_view.hpp"
#include "actors/experiment/analysis/reading.hpp"
#include "actors/experiment/ledger/rules.hpp"
#include "actors/experiment/statistics/estimate.hpp"
#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

/// So many that a normal approximation holds; fewer units of an arm say nothing of a revision.
inline constexpr int64_t stratum_units_min = 10;

/// Both arms under one revision.
struct PairStratum {
  uint32_t revision = 0;
  UnitSums control;
  UnitSums treated;
};

struct PairEstimate {
  Reading control;  ///< Over all revisions, as it was seen; of survival the share to which it happened.
  Reading treated;
  std::vector<PairStratum> strata;  ///< Revisions in which both arms have enough units.
  bool is_whole = false;            ///< All units are in one stratum.
  /// Within revisions, since a ramp must not compare different times; of survival the log of the hazard ratio.
  std::optional<Estimate> difference;
  std::string reason;         ///< Why there is no difference.
  bool lacks_values = false;  ///< A ratio whose denominator is 0 in an arm.
};

/// Of all kinds but quantiles.
PairEstimate estimate_pair(const MetricDefinition& metric, const MetricView& view, uint32_t arm, const Rules& rules,
                           WallTime now);

/// A comparison with what the pair says by itself: values, and the difference.
Comparison compared(uint32_t metric, uint32_t arm, const PairEstimate& pair);

/// Puts in the interval, and that relative to the control's value without its sign: as many standard errors of the
/// relative difference as `interval` has of the difference. Of survival both are of the hazard ratio, less 1.
void set_interval(Comparison& comparison, MetricKind kind, const PairEstimate& pair, const Interval& interval);

}  // namespace troupe::experiment
