#include "actors/experiment/planning/alarm_bound.hpp"

#include "actors/experiment/statistics/distributions.hpp"

namespace troupe::experiment {

uint64_t alarms_max(uint64_t runs, double alpha) {
  return static_cast<uint64_t>(quantile(Binomial{static_cast<double>(runs), alpha}, 0.999).value());
}

}  // namespace troupe::experiment
