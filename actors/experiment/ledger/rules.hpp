#pragma once
// Rules: what of an experiment's definition decides how its events are summed up. They never change while it runs:
// another metric is another experiment, or a recount.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/experiment/definition/definition.hpp"
#include "actors/experiment/ledger/attempt_cost.hpp"
#include "actors/experiment/ledger/fixed_point.hpp"
#include "runtime/protocol/experiments.hpp"

namespace troupe::experiment {

/// What attempts say by themselves: measures without an outcome. Times in milliseconds, costs in thousandths of what
/// prices are in.
enum class AttemptMeasure : uint8_t {
  requests,
  errors,
  latency_ms,
  first_token_ms,  ///< Only of attempts that gave an answer.
  prompt_tokens,
  completion_tokens,
  cache_hits,
  cost,  ///< See cost_of().
};

/// A stream of numbers about a unit: outcomes of that name, or what attempts say.
struct Measure {
  std::string name;
  std::optional<AttemptMeasure> of_attempts{};
  bool has_buckets = false;  ///< A quantile is asked of it.
};

struct MetricRule {
  std::string name;
  MetricKind kind = MetricKind::conversion;
  uint16_t measure = 0;      ///< Index of Rules::measures.
  uint16_t per = 0;          ///< Likewise, of a ratio.
  bool per_counts = false;   ///< Of a ratio: y is the number of events of `per`, not their sum.
  Fixed least = -total_max;  ///< Winsorising: a unit's x is held to these.
  Fixed most = total_max;
  bool has_covariate = false;  ///< y is the same of the time before the exposure (CUPED); not of ratios.
};

struct Rules {
  uint32_t experiment = 0;
  protocol::UnitKind unit = protocol::UnitKind::user;
  uint32_t arms = 2;
  int64_t window_us = 0;  ///< Outcomes count up to so long after the unit's exposure.
  int64_t before_us = 0;  ///< Outcomes up to so long before it are the covariate.
  int64_t starts_unix_us = 0;
  int64_t bucket_us = 1;  ///< Width of the time buckets, from the start on.
  std::vector<Measure> measures;
  std::vector<MetricRule> metrics;
  std::vector<AttemptPrice> prices;                   ///< One for each arm.
  std::vector<protocol::Segmentation> segmentations;  ///< By which units are counted part by part too.
};

}  // namespace troupe::experiment
