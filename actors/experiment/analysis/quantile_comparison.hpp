#pragma once
// Quantiles of two variants, compared by a sequence that is valid at any time, whatever method judges the others.

#include "actors/experiment/analysis/analysis.hpp"
#include "actors/experiment/analysis/metric_view.hpp"

namespace troupe::experiment {

/// Of the single events, all revisions together.
Comparison compare_quantiles(const Definition& definition, uint32_t metric, uint32_t arm, const MetricView& view);

}  // namespace troupe::experiment
