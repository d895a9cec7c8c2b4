#pragma once
// The experiment whose events benchmarks sum up, a metric of each kind, and those events.

#include <fmt/format.h>

#include "actors/experiment/ledger/rules.hpp"
#include "runtime/base/random.hpp"
#include "runtime/protocol/events.hpp"

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

/// The i-th event, of the unit of that number: exposures, attempts and outcomes in turn.
inline protocol::Event event_of(size_t i, uint64_t unit, Random& random) {
  protocol::Event event{static_cast<int64_t>(i) * 5,
                        protocol::UnitKind::request,
                        fmt::format("req-{:016x}", unit * 0x9e3779b97f4a7c15),
                        {}};
  const protocol::ArmOf place{1, 1, static_cast<uint32_t>(unit % 2)};
  if (i % 3 == 0) event.what = protocol::Exposure{place};
  if (i % 3 == 1)
    event.what = protocol::Attempt{place, 0, 20'000 + static_cast<int64_t>(random.below(10'000)), 900, 12, 30};
  if (i % 3 == 2) event.what = protocol::Outcome{1, i, "correct", Fixed{1} << fixed_bits};
  return event;
}

}  // namespace troupe::experiment
