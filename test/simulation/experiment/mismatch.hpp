#pragma once
// How surely a sample ratio mismatch is found.

#include <cstdint>

namespace troupe::experiment::simulation {

/// The share of runs in which the sequential sample-ratio test alarms at `alpha` within `units` units that were
/// assigned 50/50 and of which the second arm lost `lost`; looked at every 100 units.
double mismatch_found(double lost, double concentration, double alpha, uint64_t units, uint64_t runs, uint64_t seed);

}  // namespace troupe::experiment::simulation
