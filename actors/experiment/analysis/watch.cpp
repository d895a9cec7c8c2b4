#include "actors/experiment/analysis/watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "actors/experiment/analysis/exact_moments.hpp"
#include "actors/experiment/analysis/metric_view.hpp"
#include "actors/experiment/analysis/pair_estimate.hpp"
#include "actors/experiment/statistics/sample_ratio.hpp"

namespace troupe::experiment {
namespace {

/// What units did before they were exposed.
Moments before_of(const UnitSums& sums) {
  const CovariateMoments both = covariate_moments_of(sums);
  return {both.n, both.mean_x, both.m2_x};
}

/// Of each revision.
std::vector<BeforeStratum> before_strata(const MetricView& view, uint32_t arm) {
  std::vector<BeforeStratum> strata;
  const auto treated = view.strata(arm);
  for (const Stratum& one : view.strata(0)) {
    const auto other = std::ranges::find(treated, one.revision, &Stratum::revision);
    if (other == treated.end() || std::min(one.sums.units, other->sums.units) < stratum_units_min) continue;
    strata.push_back({before_of(one.sums), before_of(other->sums)});
  }
  return strata;
}

/// Its mean is so far from 0 that another arm of which nothing came at all is no chance.
bool is_measured(const UnitSums& sums) {
  constexpr double standard_errors_min = 5;
  const Moments moments = moments_of(sums);
  return moments.n > 1 &&
         std::abs(moments.mean) > standard_errors_min * std::sqrt(moments.m2 / (moments.n - 1) / moments.n);
}

}  // namespace

Watch::Watch(const ExperimentRecord& record) : record_(record), judge_(make_judge(record)) {}

void Watch::update(const ExperimentRecord& record) {
  record_ = record;
}

Analysis Watch::look(const Aggregates& aggregates, WallTime now, EventCounts lost) {
  Analysis analysis;
  analysis.at = now;
  analysis.elapsed = std::chrono::microseconds{unix_microseconds(now) - record_.started_unix_us};
  for (uint32_t arm = 0; arm < record_.definition.variants.size(); ++arm)
    analysis.units.push_back(
        static_cast<uint64_t>(std::max<int64_t>(MetricView(aggregates, record_.number, 0).whole(arm).sums.units, 0)));
  analysis.health = check_health(aggregates, lost);
  analysis.is_healthy = std::ranges::all_of(analysis.health, &Finding::healthy);
  judge_->judge(aggregates, analysis);
  return analysis;
}

std::vector<Finding> Watch::check_health(const Aggregates& aggregates, EventCounts lost) const {
  std::vector<Finding> findings;
  const auto keep = [&](Result<Finding> finding) {
    if (finding) findings.push_back(std::move(*finding));
  };
  const MetricView view(aggregates, record_.number, 0);
  const MetricView crossed(aggregates, record_.number, crossed_units);
  std::vector<RevisionCounts> revisions;
  uint64_t units = 0;
  uint64_t crossings = 0;
  for (const Revision& revision : record_.revisions)
    revisions.push_back({revision.weights, std::vector<uint64_t>(revision.weights.size())});
  for (uint32_t arm = 0; arm < record_.definition.variants.size(); ++arm) {
    const auto add = [&](const std::vector<Stratum>& strata, uint64_t& total) {
      for (const Stratum& stratum : strata) {
        const auto revision = std::ranges::find(record_.revisions, stratum.revision, &Revision::number);
        const auto count = static_cast<uint64_t>(std::max<int64_t>(stratum.sums.units, 0));
        total += count;
        if (revision != record_.revisions.end())
          revisions[static_cast<size_t>(revision - record_.revisions.begin())].units[arm] += count;
      }
    };
    add(view.strata(arm), units);
    add(crossed.strata(arm), crossings);
  }
  std::erase_if(revisions, [](const RevisionCounts& counts) {
    return std::ranges::all_of(counts.units, [](uint64_t count) { return count == 0; });
  });
  keep(check_sample_ratio(revisions));
  if (units + crossings > 0) keep(check_multiple_exposure(units + crossings, crossings));
  if (lost.expected > 0) keep(check_event_loss(lost));
  for (uint32_t index = 0; index < record_.definition.metrics.size(); ++index)
    check_values(aggregates, index, findings);
  return findings;
}

/// Of one metric: did arms differ before anybody was exposed, and do units' values still vary? What is fine is not
/// told.
void Watch::check_values(const Aggregates& aggregates, uint32_t index, std::vector<Finding>& findings) const {
  // A variant may well make values more even; one in which they are all alike is broken.
  constexpr double variance_ratio_min = 0.001;
  const MetricDefinition& metric = record_.definition.metrics[index];
  const MetricView view(aggregates, record_.number, index);
  const UnitSums control = view.whole(0).sums;
  const auto keep = [&](Result<Finding> finding, std::string_view of) {
    if (!finding || finding->healthy) return;
    finding->sentence = fmt::format("{} of {}: {}", metric.name, of, finding->sentence);
    findings.push_back(std::move(*finding));
  };
  for (uint32_t arm = 1; arm < record_.definition.variants.size(); ++arm) {
    const UnitSums treated = view.whole(arm).sums;
    if (control.units < 1 || treated.units < 1) continue;
    const std::string& name = record_.definition.variants[arm].name;
    if (metric.covariate) keep(check_pre_exposure_bias(before_strata(view, arm)), name);
    if (metric.kind == MetricKind::sum && (is_measured(control) || is_measured(treated)))
      keep(check_variance_collapse(moments_of(control), moments_of(treated), variance_ratio_min), name);
  }
}

}  // namespace troupe::experiment
