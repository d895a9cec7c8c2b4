#pragma once
// A ramp of 5, 25 and 50 % under a base rate that drifts: what the estimates of an effect are worth.

#include <cstdint>

#include "actors/experiment/statistics/strata.hpp"

namespace troupe::experiment::simulation {

struct RampResult {
  double bias = 0;        ///< Mean estimate less the true effect.
  double bias_error = 0;  ///< Its Monte-Carlo standard error.
  double coverage = 0;    ///< Of estimate +- 1.96 standard errors.
};

/// The base rate is 10, 20 and 30 % in the three stages of 20,000 units, the effect +1 percentage point.
RampResult ramp_stratified(StratumWeights weights, uint64_t runs, uint64_t seed);
/// The same with all stages pooled.
RampResult ramp_pooled(uint64_t runs, uint64_t seed);

}  // namespace troupe::experiment::simulation
