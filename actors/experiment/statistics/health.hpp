#pragma once
// Health: what makes an experiment's numbers untrustworthy, whatever they say. Each check answers with a finding that
// has its numbers and a sentence; thresholds are arguments.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/experiment/statistics/sample_ratio.hpp"
#include "actors/experiment/statistics/summary.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment {

enum class HealthCheck { sample_ratio, multiple_exposure, pre_exposure_bias, event_loss, variance_collapse };

/// "sample_ratio"
std::string_view name_of(HealthCheck check);

struct Finding {
  HealthCheck check = HealthCheck::sample_ratio;
  bool healthy = true;
  double value = 0;      ///< What was measured: a p-value, or a share.
  double threshold = 0;  ///< What it is held against.
  std::string sentence;  ///< For people, with the numbers in it.
};

/// By sample_ratio_sequential(): value is its p-value, unhealthy below `alpha`. May be asked at every look.
Result<Finding> check_sample_ratio(std::span<const RevisionCounts> revisions, double alpha = 0.001,
                                   SampleRatioOptions options = {});

/// Units that were exposed to more than one arm, of all exposed. Value is their share, unhealthy above `share_max`
/// [0, 1].
Result<Finding> check_multiple_exposure(uint64_t units, uint64_t units_in_several, double share_max = 0.005);

/// What units of two arms did before, under one revision.
struct BeforeStratum {
  Moments a;
  Moments b;
};

/// Whether arms differed before anybody was exposed: assignment that is not random, or an experiment that was restarted
/// with the same units. Within strata, as weights that change, or differ between segments, give arms other units. Value
/// is the p-value of the asymptotic sequence on the metric's difference in the time before (log_mean_evidence with a
/// prior of a twentieth of the values' standard deviation), unhealthy below `alpha`. May be asked at every look.
/// Refuses arms of fewer than 100 units in all and values that never vary.
Result<Finding> check_pre_exposure_bias(const std::vector<BeforeStratum>& strata, double alpha = 0.001);

/// Events that should have come, by the senders' sequence numbers, and those that did.
struct EventCounts {
  uint64_t expected = 0;
  uint64_t received = 0;  ///< <= expected
};

/// Value is the greater share of lost events of the two arms, unhealthy above `share_max` [0, 1].
Result<Finding> check_event_loss(EventCounts a, EventCounts b, double share_max = 0.001);

/// Where it is not known of which arm lost events are.
Result<Finding> check_event_loss(EventCounts all, double share_max = 0.001);

/// Whether a metric stopped varying in an arm: constant fallbacks, a broken instrument. Value is the smaller variance
/// over the greater one, 0 where neither varies; unhealthy below `ratio_min` [0, 1]. Refuses arms of fewer than 100
/// units.
Result<Finding> check_variance_collapse(const Moments& a, const Moments& b, double ratio_min = 0.1);

}  // namespace troupe::experiment
