#pragma once
// Rules of the experiment that benchmarks of events sum up: a metric of each kind.

#include "actors/experiment/ledger/rules.hpp"

namespace troupe::experiment {

inline Rules rules() {
  Rules made;
  made.experiment = 1;
  made.unit = protocol::UnitKind::request;
  made.window_us = int64_t{3600} * 1'000'000;
  made.bucket_us = 60'000'000;
  made.measures = {{"correct"},
                   {"requests", AttemptMeasure::requests},
                   {"errors", AttemptMeasure::errors},
                   {"latency_ms", AttemptMeasure::latency_ms, true}};
  made.metrics.resize(4);
  made.metrics[0] = {"correct", MetricKind::conversion, 0};
  made.metrics[1] = {"requests", MetricKind::count, 1};
  made.metrics[2] = {"error_rate", MetricKind::ratio, 2, 1};
  made.metrics[3] = {"latency", MetricKind::quantile, 3};
  return made;
}

}  // namespace troupe::experiment
