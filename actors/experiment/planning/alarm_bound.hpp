#pragma once
// How many false alarms of drawn runs are still no sign that a test alarms too often.

#include <cstdint>

namespace troupe::experiment {

/// The 99.9 % quantile of alarms of a test that alarms with the chance `alpha`, in (0, 1): of 0.05, 73 in 1,000 runs
/// and 13 in 100. Requires runs <= 2^53.
uint64_t alarms_max(uint64_t runs, double alpha);

}  // namespace troupe::experiment
