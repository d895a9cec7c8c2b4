#include "actors/experiment/definition/definition.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "actors/experiment/assignment/allocation.hpp"
#include "actors/experiment/assignment/segments.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/definition/factors.hpp"
#include "actors/experiment/ledger/fixed_point.hpp"
#include "actors/experiment/lifecycle/revisions.hpp"
#include "runtime/base/iso8601.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/wire/schema.hpp"

namespace troupe::experiment {
namespace {

constexpr size_t name_bytes_max = 64;
constexpr size_t comparisons_max = 256;
constexpr size_t definition_bytes_max = 128 * 1024;
constexpr std::array feature_prefixes{std::string_view("header."), std::string_view("parameters.")};
const std::vector<std::string> features{"group", "region", "key", "header.NAME", "parameters.NAME"};

/// Of variants, metrics and measures: [a-z][a-z0-9_.-]*.
bool is_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= name_bytes_max && text[0] >= 'a' && text[0] <= 'z' &&
         std::ranges::all_of(text, allowed);
}

Status check_name(std::string_view what, std::string_view name) {
  if (is_name(name)) return {};
  return fail(Errc::invalid_argument,
              "'{}' is no name of a {}; it has 1 to {} of a-z, 0-9, '_', '-' and '.', a letter first",
              name.substr(0, name_bytes_max), what, name_bytes_max);
}

/// The status of the part at `path` of the YAML.
Status at(std::string_view path, Status status) {
  if (!status && status.error().field.empty()) status.error().field = path;
  return status;
}

Status check_variants(const Definition& definition) {
  const auto& variants = definition.variants;
  if (variants.size() < 2 || variants.size() > variants_max)
    return fail(Errc::invalid_argument, "variants: an experiment has 2 to {}, the control first; found {}",
                variants_max, variants.size());
  std::set<std::string> names;
  std::vector<double> weights;
  for (const VariantDefinition& variant : variants) {
    TROUPE_CHECK(check_name("variant", variant.name));
    if (!names.insert(variant.name).second)
      return fail(Errc::invalid_argument, "variants: there are two of the name {}", variant.name);
    if (variant.version.empty())
      return fail(Errc::invalid_argument, "variant {}: version is missing: which of {}'s", variant.name,
                  definition.model);
    weights.push_back(variant.weight);
  }
  const auto allocation = Allocation::from_weights(weights);
  if (!allocation) return fail(Errc::invalid_argument, "variants: {}", allocation.error().message);
  for (const auto& [unit, name] : definition.overrides)
    if (!names.contains(name))
      return fail(Errc::invalid_argument, "overrides: {} is given {}, and there is no such variant{}", unit, name,
                  did_you_mean(name, {names.begin(), names.end()}));
  return {};
}

Status check_factors(const Definition& definition) {
  TROUPE_CHECK(design_of(definition));
  return {};
}

/// Outcomes may have any name, but one that is nearly a measure of attempts is that one misspelt, and would wait for
/// events that nobody sends.
Status check_measure(const MetricDefinition& metric, std::string_view key, const std::string& measure) {
  if (measure.empty()) return {};
  TROUPE_CHECK(check_name("measure", measure));
  const auto attempts = attempt_measure_names();
  const auto nearest = nearest_name(measure, attempts);
  if (!nearest || *nearest == measure) return {};
  // So short that posts, hosts and most others are near it.
  if (*nearest == cost_measure && !measure.starts_with(cost_measure)) return {};
  return fail(
      Errc::invalid_argument,
      "metric {}: `{}` is {}, which attempts do not say (did you mean {}?); an outcome of your own needs a name "
      "that is less like one of theirs",
      metric.name, key, measure, *nearest);
}

Status check_metric(const MetricDefinition& metric, bool has_before) {
  TROUPE_CHECK(check_name("metric", metric.name));
  const auto wrong = [&](std::string_view why) {
    return fail(Errc::invalid_argument, "metric {}: {}", metric.name, why);
  };
  TROUPE_CHECK(check_measure(metric, "of", metric.of));
  TROUPE_CHECK(check_measure(metric, "per", metric.per));
  if (!metric.per.empty() && metric.kind != MetricKind::ratio) return wrong("`per` belongs to `kind: ratio`");
  if (metric.kind == MetricKind::quantile && !(metric.quantile >= 0.0001 && metric.quantile <= 0.9999))
    return wrong("`quantile` must lie from 0.0001 to 0.9999, such as 0.95");
  if (metric.margin < 0 || !std::isfinite(metric.margin))
    return wrong("`margin` must be 0 or more, such as 0.1 for 10 %");
  if (metric.margin != 0 && metric.role != MetricRole::guardrail) return wrong("`margin` belongs to `role: guardrail`");
  const bool is_held = metric.least || metric.most;
  if (is_held && metric.kind != MetricKind::sum && metric.kind != MetricKind::ratio && metric.kind != MetricKind::count)
    return wrong("`least` and `most` belong to sums, ratios and counts");
  if (metric.least && !to_fixed(*metric.least)) return wrong("`least` must be a number from -1e9 to 1e9");
  if (metric.most && !to_fixed(*metric.most)) return wrong("`most` must be a number from -1e9 to 1e9");
  if (metric.least && metric.most && *metric.least >= *metric.most) return wrong("`least` must be below `most`");
  if (!metric.covariate) return {};
  if (metric.kind == MetricKind::ratio || metric.kind == MetricKind::quantile || metric.kind == MetricKind::survival)
    return wrong("`covariate` belongs to conversions, counts and sums");
  if (!has_before) return wrong("`covariate` needs `before`: how far back it looks");
  const auto attempts = attempt_measure_names();
  if (std::ranges::find(attempts, measure_of(metric)) != attempts.end())
    return wrong("`covariate` needs a measure that units have before they are in the experiment; attempts are not");
  return {};
}

Status check_metrics(const Definition& definition) {
  const auto& metrics = definition.metrics;
  if (metrics.empty() || metrics.size() > metrics_max)
    return fail(Errc::invalid_argument, "metrics: an experiment has 1 to {}, found {}", metrics_max, metrics.size());
  const size_t comparisons = metrics.size() * (definition.variants.size() - 1);
  if (comparisons > comparisons_max)
    return fail(Errc::invalid_argument, "metrics: {} of {} variants beside the control are {} comparisons; at most {}",
                metrics.size(), definition.variants.size() - 1, comparisons, comparisons_max);
  std::set<std::string> names;
  for (size_t i = 0; i < metrics.size(); ++i) {
    const MetricDefinition& metric = metrics[i];
    TROUPE_CHECK(at(fmt::format("metrics[{}]", i), check_metric(metric, definition.before > Duration{0})));
    if (!names.insert(metric.name).second)
      return fail(Errc::invalid_argument, "metrics: there are two of the name {}", metric.name);
  }
  if (std::ranges::none_of(metrics, [](const auto& metric) { return metric.role == MetricRole::goal; }))
    return fail(Errc::invalid_argument, "metrics: none has `role: goal`, so nothing could be decided");
  return {};
}

/// `what` names the part that asks for it.
Status check_feature(std::string_view what, const std::string& feature) {
  const bool is_known = feature == "group" || feature == "region" || feature == "key" ||
                        std::ranges::any_of(feature_prefixes, [&](std::string_view prefix) {
                          return feature.starts_with(prefix) && feature.size() > prefix.size();
                        });
  if (is_known) return {};
  return fail(Errc::invalid_argument, "{}: requests have no feature {}; there are {}{}", what, feature,
              fmt::join(features, ", "), did_you_mean(feature, features));
}

Status check_targets(const Definition& definition) {
  for (const TargetDefinition& target : definition.targets) {
    TROUPE_CHECK(check_feature("targets", target.feature));
    if (target.in.empty() && target.not_in.empty() && !target.at_least && !target.below && !target.present)
      return fail(Errc::invalid_argument, "targets: {} needs a condition: in, not_in, at_least, below or present",
                  target.feature);
  }
  return {};
}

Status check_segmentation(const Segmentation& segmentation) {
  const std::string& feature = segmentation.feature;
  TROUPE_CHECK(check_feature("segments", feature));
  if (segmentation.values.empty())
    return fail(Errc::invalid_argument,
                "segments: {} needs `values`, such as [free, pro]; all others are one more part", feature);
  std::set<std::string> values;
  for (const std::string& value : segmentation.values) {
    if (value.empty() || value.size() > name_bytes_max)
      return fail(Errc::invalid_argument, "segments: a value of {} has 1 to {} bytes, found {}", feature,
                  name_bytes_max, value.size());
    if (!values.insert(value).second)
      return fail(Errc::invalid_argument, "segments: {} has the value {} twice", feature, value);
  }
  return {};
}

Status check_segments(const Definition& definition) {
  const auto& segments = definition.segments;
  if (segments.size() > segmentations_max)
    return fail(Errc::invalid_argument, "segments: at most {} features tell units apart, found {}", segmentations_max,
                segments.size());
  std::set<std::string> features;
  size_t combinations = 1;
  for (size_t i = 0; i < segments.size(); ++i) {
    TROUPE_CHECK(at(fmt::format("segments[{}]", i), check_segmentation(segments[i])));
    if (!features.insert(segments[i].feature).second)
      return fail(Errc::invalid_argument, "segments: {} is there twice; one list has all its values",
                  segments[i].feature);
    combinations *= segments[i].values.size() + 1;
    if (combinations > segments_max)
      return fail(Errc::invalid_argument,
                  "segments: with {} there are {} combinations of parts, and {} at most; take fewer values",
                  segments[i].feature, combinations, segments_max);
  }
  return {};
}

Status check_rule(const Definition& definition) {
  const DecisionRule& rule = definition.rule;
  const bool is_planned = rule.method == Method::fixed || rule.method == Method::group_sequential;
  if (is_planned && rule.planned_units < std::max<uint64_t>(rule.minimum_units, 2))
    return fail(Errc::invalid_argument,
                "rule: method {} needs `planned_units`, of each variant and at least `minimum_units` ({}); "
                "`troupe experiment power` says how many",
                rule.method == Method::fixed ? "fixed" : "group_sequential", rule.minimum_units);
  if (!is_planned && rule.planned_units != 0)
    return fail(Errc::invalid_argument, "rule: `planned_units` belongs to the methods fixed and group_sequential");
  if (rule.method != Method::bayesian) return {};
  for (const MetricDefinition& metric : definition.metrics) {
    const auto wrong = [&](std::string_view why) {
      return fail(Errc::invalid_argument, "metric {}: method bayesian {}", metric.name, why);
    };
    if (metric.covariate) return wrong("takes no `covariate`");
    if (metric.kind == MetricKind::survival) return wrong("has no survival");
    if (metric.kind == MetricKind::quantile && metric.role == MetricRole::goal)
      return wrong("has no quantiles as goals; as guardrails they are compared by a sequence");
  }
  return {};
}

Status check_bandit(const Definition& definition) {
  if (!definition.bandit) return {};
  const BanditDefinition& bandit = *definition.bandit;
  const auto wrong = [](std::string_view why) { return fail(Errc::invalid_argument, "bandit: {}", why); };
  const Method method = definition.rule.method;
  if (method == Method::fixed || method == Method::group_sequential)
    return wrong("tests with a planned sample want constant weights; take `method: always_valid`");
  const auto goal = std::ranges::find(definition.metrics, MetricRole::goal, &MetricDefinition::role);
  const MetricKind kind = goal->kind;
  if (kind != MetricKind::conversion && kind != MetricKind::count && kind != MetricKind::sum)
    return wrong("the first goal, which it follows, must be a conversion, a count or a sum");
  if (bandit.policy == BanditPolicy::ucb1 && kind != MetricKind::conversion)
    return wrong("ucb1 wants rewards from 0 to 1: the first goal must be a conversion");
  if (bandit.policy == BanditPolicy::linear) {
    if (definition.segments.empty())
      return wrong(
          "linear sets the weights of each segment, and there are none; say `segments: [{feature: header.x-plan, "
          "values: "
          "[free, pro]}]`, or take thompson");
    if (segment_count(definition.segments) > weighed_segments_max)
      return fail(Errc::invalid_argument, "bandit: linear sets the weights of at most {} segments, found {}",
                  weighed_segments_max, segment_count(definition.segments));
    for (const MetricDefinition& metric : definition.metrics)
      if (metric.kind == MetricKind::quantile)
        return fail(
            Errc::invalid_argument,
            "bandit: linear takes no quantiles such as {}, as they are compared over all segments together, whose "
            "weights differ; take a ratio, such as `{{name: latency, kind: ratio, of: latency_ms}}`",
            metric.name);
  }
  const double floor_max = 1 / static_cast<double>(definition.variants.size());
  if (!(bandit.floor > 0 && bandit.floor <= floor_max))
    return fail(Errc::invalid_argument, "bandit: `floor` must be above 0 and at most {:.3g} of {} variants, found {}",
                floor_max, definition.variants.size(), bandit.floor);
  const size_t changes_max = revisions_max(definition) / weighed_segments(definition).size();
  if (definition.rule.maximum_duration / changes_max > bandit.every)
    return fail(Errc::invalid_argument,
                "bandit: `every` is too short: an experiment of that `maximum_duration` can have {} revisions{}",
                changes_max, weighs_segments(definition) ? " of each segment" : "");
  return {};
}

bool is_of_cost(const MetricDefinition& metric) {
  return measure_of(metric) == cost_measure || metric.per == cost_measure;
}

/// A variant without a price would look as if it cost nothing.
Status check_prices(const Definition& definition) {
  const auto costly = std::ranges::find_if(definition.metrics, is_of_cost);
  for (const VariantDefinition& variant : definition.variants) {
    const PriceDefinition price = variant.price.value_or(PriceDefinition{});
    for (const double number : {price.request, price.prompt_token, price.completion_token})
      if (number != 0 && !(number >= price_min && number <= price_max))
        return fail(Errc::invalid_argument, "variant {}: a price must be 0, or from {} to {}, found {}", variant.name,
                    price_min, price_max, number);
    if (costly != definition.metrics.end() && !variant.price)
      return fail(Errc::invalid_argument,
                  "metric {}: `cost` is what attempts cost by variants' prices, and variant {} has none; give it "
                  "`price: {{request: 0.0002, prompt_token: 1.5e-6, completion_token: 6e-6}}`, or `price: {{}}` where "
                  "it costs nothing",
                  costly->name, variant.name);
  }
  return {};
}

Status check_dates(const Definition& definition) {
  std::optional<WallTime> starts;
  if (!definition.starts.empty()) {
    const auto time = parse_iso8601(definition.starts);
    if (!time) return fail_field("starts", "starts: {}", time.error().message);
    starts = *time;
  }
  if (definition.ends.empty()) return {};
  const auto ends = parse_iso8601(definition.ends);
  if (!ends) return fail_field("ends", "ends: {}", ends.error().message);
  if (starts && *ends <= *starts)
    return fail_field("ends", "ends ({}) must be after starts ({})", definition.ends, definition.starts);
  return {};
}

/// Of all that has no bound of its own: overrides, and values of targets.
Status check_size(const Definition& definition) {
  const size_t bytes = wire::encode_body(definition).data.size();
  if (bytes <= definition_bytes_max) return {};
  return fail(Errc::too_large,
              "an experiment's definition takes at most {} bytes, and this one takes {}; has it many overrides?",
              definition_bytes_max, bytes);
}

}  // namespace

Status check(const Definition& definition) {
  TROUPE_CHECK(at("name", check_name("experiment", definition.name)));
  TROUPE_CHECK(at("layer", check_name("layer", definition.layer)));
  if (definition.model.empty()) return fail(Errc::invalid_argument, "model is missing: whose versions are compared");
  if (!(definition.share > 0 && definition.share <= 1))
    return fail_field("share", "share must be above 0 and at most 1, found {}", definition.share);
  if (definition.window <= Duration{0}) return fail_field("window", "window must be longer than 0");
  TROUPE_CHECK(at("variants", check_variants(definition)));
  TROUPE_CHECK(at("variants", check_factors(definition)));
  TROUPE_CHECK(at("metrics", check_metrics(definition)));
  TROUPE_CHECK(at("variants", check_prices(definition)));
  TROUPE_CHECK(at("rule", check_rule(definition)));
  TROUPE_CHECK(at("segments", check_segments(definition)));
  TROUPE_CHECK(at("bandit", check_bandit(definition)));
  TROUPE_CHECK(check_dates(definition));
  TROUPE_CHECK(at("targets", check_targets(definition)));
  return check_size(definition);
}

}  // namespace troupe::experiment
