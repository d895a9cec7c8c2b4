#include "actors/experiment/analysis/history.hpp"

#include <algorithm>
#include <set>

#include "actors/experiment/analysis/metric_view.hpp"
#include "actors/experiment/analysis/reading.hpp"
#include "actors/experiment/analysis/watch.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/lifecycle/revisions.hpp"
#include "actors/experiment/statistics/bayesian.hpp"

namespace troupe::experiment {
namespace {

using RowRef = std::map<RowKey, Row>::const_pointer;

/// Before the first bucket: rows that were looked at.
constexpr int64_t folded_bucket = -1;
constexpr size_t steps_min = 2;

/// The experiment's time in steps of whole buckets.
struct Steps {
  int64_t starts_us = 0;
  int64_t ends_us = 0;
  int64_t bucket_us = 1;
  int64_t buckets = 1;
  int64_t buckets_each = 1;

  Steps(const Rules& rules, int64_t end_us, size_t wanted)
      : starts_us(rules.starts_unix_us), bucket_us(rules.bucket_us) {
    ends_us = std::max(end_us, starts_us);
    buckets = (ends_us - starts_us) / bucket_us + 1;
    const auto count = static_cast<int64_t>(wanted);
    buckets_each = (buckets + count - 1) / count;
  }
  size_t size() const { return static_cast<size_t>((buckets + buckets_each - 1) / buckets_each); }
  /// Gateways' clocks may be before or ahead of the head's.
  size_t of(int64_t bucket) const {
    return static_cast<size_t>(std::clamp<int64_t>(bucket, 0, buckets - 1) / buckets_each);
  }
  int64_t end_of(size_t step) const {
    return std::min(starts_us + static_cast<int64_t>(step + 1) * buckets_each * bucket_us, ends_us);
  }
};

/// Of all units.
std::vector<RowRef> rows_of(const Aggregates& aggregates, uint32_t experiment) {
  std::vector<RowRef> rows;
  const auto& all = aggregates.rows();
  for (auto row = all.lower_bound({experiment, 0, 0, 0, std::numeric_limits<int64_t>::min()});
       row != all.end() && row->first.experiment == experiment; ++row)
    if (part_in(row->first.metric) == 0) rows.push_back(&*row);
  return rows;
}

size_t folded_rows(const std::vector<RowRef>& rows) {
  std::set<std::tuple<uint32_t, uint32_t, uint32_t>> kinds;
  for (const RowRef row : rows) kinds.insert({row->first.revision, row->first.arm, row->first.metric});
  return kinds.size();
}

/// What of `fresh` a later look need not tell apart. Buckets whose window was closed at `seen` are in the rates
/// already; the others' never closes in this history, and they are left in its last bucket.
Aggregates folded(const Aggregates& fresh, const Rules& rules, const Steps& steps, int64_t seen_us) {
  Aggregates made;
  for (const auto& [key, row] : fresh.rows()) {
    // Delays are followed bucket by bucket until their window is closed.
    if (key.metric < rules.metrics.size() && rules.metrics[key.metric].kind == MetricKind::survival) {
      made.set(key, row);
      continue;
    }
    const bool is_closed = (key.bucket + 1) * rules.bucket_us <= seen_us - rules.window_us - rules.starts_unix_us;
    RowKey to = key;
    to.bucket = is_closed ? folded_bucket : steps.buckets - 1;
    const Row* const there = made.find(to);
    Row sum = there == nullptr ? Row{} : *there;
    sum += row;
    made.set(to, std::move(sum));
  }
  return made;
}

class Historian {
 public:
  explicit Historian(const ExperimentRecord& record)
      : record_(record), definition_(record.definition), traffic_metric_(traffic_metric(record.definition)) {
    for (uint32_t i = 0; i < definition_.metrics.size(); ++i) {
      const MetricDefinition& metric = definition_.metrics[i];
      if (metric.role == MetricRole::goal && !history.satisfaction_metric) history.satisfaction_metric = i;
      const bool is_latency = measure_of(metric) == "latency_ms";
      if (metric.kind == MetricKind::quantile && is_latency && !latency_metric_) latency_metric_ = i;
    }
    history.traffic.resize(definition_.variants.size());
  }

  void take_step(const Aggregates& fresh) {
    for (uint32_t arm = 0; arm < definition_.variants.size(); ++arm)
      history.traffic[arm].push_back(traffic_of(fresh, arm));
  }

  void take_look(const Analysis& analysis) {
    size_t next = 0;
    for (const Comparison& one : analysis.comparisons) {
      if (definition_.metrics[one.metric].role == MetricRole::watched) continue;
      if (next == history.lines.size()) history.lines.push_back({one.metric, one.arm, {}});
      history.lines[next++].points.push_back(
          {one.control, one.treated, one.difference, one.interval, one.relative, one.relative_interval});
    }
  }

  void take_all(const Aggregates& all) {
    // Pooled over segments that are shared out each in its own way they would say which got which variant.
    if (weighs_segments(definition_)) return;
    for (uint32_t metric = 0; metric < definition_.metrics.size(); ++metric) {
      const MetricDefinition& asked = definition_.metrics[metric];
      if (asked.role != MetricRole::goal || asked.kind != MetricKind::conversion) continue;
      for (uint32_t arm = 0; arm < definition_.variants.size(); ++arm) {
        const UnitSums sums = whole(all, metric, arm).sums;
        const auto units = static_cast<double>(std::max<int64_t>(sums.units, 0));
        if (const auto rate = rate_posterior({from_fixed(sums.x), units}))
          history.posteriors.push_back({metric, arm, std::get<Beta>(*rate)});
      }
    }
  }

  History history;

 private:
  Stratum whole(const Aggregates& rows, uint32_t metric, uint32_t arm) const {
    return MetricView(rows, record_.number, metric).whole(arm);
  }

  StepTraffic traffic_of(const Aggregates& fresh, uint32_t arm) const {
    const UnitSums sums = whole(fresh, traffic_metric_, arm).sums;
    StepTraffic made;
    made.units = static_cast<uint64_t>(std::max<int64_t>(sums.units, 0));
    made.errors = from_fixed(sums.x);
    made.requests = from_fixed(sums.y);
    if (made.units == 0) return made;
    if (history.satisfaction_metric) made.satisfaction = value_of(fresh, *history.satisfaction_metric, arm);
    if (!latency_metric_) return made;
    const BucketCounts latencies = whole(fresh, *latency_metric_, arm).counts;
    if (!latencies.empty())
      made.latency_ms = {quantile_in(latencies, 0.5), quantile_in(latencies, 0.95), quantile_in(latencies, 0.99)};
    return made;
  }

  std::optional<double> value_of(const Aggregates& fresh, uint32_t metric, uint32_t arm) const {
    const MetricDefinition& asked = definition_.metrics[metric];
    const Stratum all = whole(fresh, metric, arm);
    if (all.sums.units < 1 || asked.kind == MetricKind::survival) return std::nullopt;
    if (asked.kind == MetricKind::quantile)
      return all.counts.empty() ? std::nullopt : std::optional(quantile_in(all.counts, asked.quantile));
    const auto reading = reading_of(asked.kind, all.sums);
    return reading ? std::optional(reading->value) : std::nullopt;
  }

  const ExperimentRecord& record_;
  const Definition& definition_;
  const uint32_t traffic_metric_;
  std::optional<uint32_t> latency_metric_;
};

}  // namespace

History history_of(const ExperimentRecord& record, const Aggregates& aggregates, WallTime now, size_t points) {
  const Rules rules = rules_of(record);
  const int64_t now_us = unix_microseconds(now);
  const std::vector<RowRef> rows = rows_of(aggregates, record.number);
  const size_t affordable = std::max(history_work_max / std::max<size_t>(folded_rows(rows), 1), steps_min);
  const Steps steps(rules, record.ended_unix_us > 0 ? record.ended_unix_us : now_us,
                    std::max<size_t>(std::min(points, affordable), 1));
  std::vector<std::vector<RowRef>> by_step(steps.size());
  for (const RowRef row : rows) by_step[steps.of(row->first.bucket)].push_back(row);

  Historian historian(record);
  historian.history.from = wall_time_from_unix_microseconds(rules.starts_unix_us);
  ExperimentRecord watched = record;
  watched.definition.rule.method = Method::always_valid;
  Watch watch(watched);
  Aggregates seen;
  for (size_t step = 0; step < by_step.size(); ++step) {
    Aggregates fresh;
    for (const RowRef row : by_step[step]) fresh.set(row->first, row->second);
    seen.merge(fresh);
    // When the step's units could do no more, so that the rates take them in as they would have then.
    const int64_t at_us = std::min(now_us, steps.end_of(step) + rules.window_us);
    historian.history.times.push_back(wall_time_from_unix_microseconds(steps.end_of(step)));
    historian.take_step(fresh);
    historian.take_look(watch.look(seen, wall_time_from_unix_microseconds(at_us)));
    seen.subtract(fresh);
    seen.merge(folded(fresh, rules, steps, at_us));
  }
  historian.take_all(seen);
  return std::move(historian.history);
}

}  // namespace troupe::experiment
