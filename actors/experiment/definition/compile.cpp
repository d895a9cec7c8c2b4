#include "actors/experiment/definition/compile.hpp"

#include <algorithm>
#include <array>

#include "runtime/base/iso8601.hpp"

namespace troupe::experiment {
namespace {

struct AttemptName {
  const char* name;
  AttemptMeasure measure;
};
constexpr std::array attempt_names{
    AttemptName{"requests", AttemptMeasure::requests},
    AttemptName{"errors", AttemptMeasure::errors},
    AttemptName{"latency_ms", AttemptMeasure::latency_ms},
    AttemptName{"first_token_ms", AttemptMeasure::first_token_ms},
    AttemptName{"prompt_tokens", AttemptMeasure::prompt_tokens},
    AttemptName{"completion_tokens", AttemptMeasure::completion_tokens},
    AttemptName{"cache_hits", AttemptMeasure::cache_hits},
    AttemptName{cost_measure, AttemptMeasure::cost},
};

/// Some hundreds of buckets over the longest that it may take, so that its rows stay few.
constexpr int64_t buckets_wanted = 500;

int64_t microseconds(Duration duration) {
  return duration / std::chrono::microseconds{1};
}

/// The index of the measure, which is added where it is new.
uint16_t measure_index(Rules& rules, const std::string& name) {
  const auto known = std::ranges::find(rules.measures, name, &Measure::name);
  if (known != rules.measures.end()) return static_cast<uint16_t>(known - rules.measures.begin());
  Measure made{name};
  const auto attempt = std::ranges::find_if(attempt_names, [&](const AttemptName& one) { return one.name == name; });
  if (attempt != attempt_names.end()) made.of_attempts = attempt->measure;
  rules.measures.push_back(std::move(made));
  return static_cast<uint16_t>(rules.measures.size() - 1);
}

MetricRule rule_of(const MetricDefinition& metric, Rules& rules) {
  MetricRule made;
  made.name = metric.name;
  made.kind = metric.kind;
  made.measure = measure_index(rules, measure_of(metric));
  made.per_counts = metric.per.empty();
  made.per = metric.per.empty() ? made.measure : measure_index(rules, metric.per);
  if (metric.least) made.least = to_fixed(*metric.least).value_or(made.least);
  if (metric.most) made.most = to_fixed(*metric.most).value_or(made.most);
  made.has_covariate = metric.covariate;
  if (metric.kind == MetricKind::quantile) rules.measures[made.measure].has_buckets = true;
  return made;
}

MetricRule traffic_rule(Rules& rules) {
  MetricRule made;
  made.name = "traffic";
  made.kind = MetricKind::ratio;
  made.measure = measure_index(rules, "errors");
  made.per = measure_index(rules, "requests");
  return made;
}

}  // namespace

Rules rules_of(const Definition& definition, uint32_t number, WallTime starts) {
  Rules rules;
  rules.experiment = number;
  rules.unit = definition.unit;
  rules.arms = static_cast<uint32_t>(definition.variants.size());
  rules.window_us = microseconds(definition.window);
  rules.before_us = microseconds(definition.before);
  rules.starts_unix_us = unix_microseconds(starts);
  rules.bucket_us = std::max(microseconds(definition.rule.maximum_duration) / buckets_wanted, int64_t{1'000'000});
  for (const MetricDefinition& metric : definition.metrics) rules.metrics.push_back(rule_of(metric, rules));
  rules.metrics.push_back(traffic_rule(rules));
  for (const VariantDefinition& variant : definition.variants)
    rules.prices.push_back(attempt_price(variant.price.value_or(PriceDefinition{})));
  rules.segmentations = definition.segments;
  return rules;
}

Rules rules_of(const ExperimentRecord& record) {
  return rules_of(record.definition, record.number, wall_time_from_unix_microseconds(record.started_unix_us));
}

uint32_t traffic_metric(const Definition& definition) {
  return static_cast<uint32_t>(definition.metrics.size());
}

std::vector<protocol::TargetCondition> conditions_of(const Definition& definition) {
  using Kind = protocol::ConditionKind;
  std::vector<protocol::TargetCondition> conditions;
  for (const TargetDefinition& target : definition.targets) {
    if (!target.in.empty()) conditions.push_back({target.feature, Kind::any_of, target.in});
    if (!target.not_in.empty()) conditions.push_back({target.feature, Kind::none_of, target.not_in});
    if (target.at_least) conditions.push_back({target.feature, Kind::at_least, {}, *target.at_least});
    if (target.below) conditions.push_back({target.feature, Kind::below, {}, *target.below});
    if (target.present) conditions.push_back({target.feature, *target.present ? Kind::present : Kind::absent});
  }
  return conditions;
}

std::optional<WallTime> starts_at(const Definition& definition) {
  const auto time = parse_iso8601(definition.starts);
  return time ? std::optional(*time) : std::nullopt;
}

std::optional<WallTime> ends_at(const Definition& definition) {
  const auto time = parse_iso8601(definition.ends);
  return time ? std::optional(*time) : std::nullopt;
}

const std::string& measure_of(const MetricDefinition& metric) {
  return metric.of.empty() ? metric.name : metric.of;
}

std::vector<std::string> attempt_measure_names() {
  std::vector<std::string> names;
  for (const AttemptName& one : attempt_names) names.emplace_back(one.name);
  return names;
}

}  // namespace troupe::experiment
