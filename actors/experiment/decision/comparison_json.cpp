#include "actors/experiment/decision/comparison_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace troupe::experiment {

using nlohmann::json;

namespace {

json interval_of(const Interval& interval) {
  return {json_of(interval.low), json_of(interval.high)};
}

}  // namespace

json json_of(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
}

json json_of(const Definition& definition, const Comparison& comparison) {
  const MetricDefinition& metric = definition.metrics[comparison.metric];
  json made{{"metric", metric.name},
            {"variant", definition.variants[comparison.arm].name},
            {"control", {{"units", comparison.control.units}, {"value", json_of(comparison.control.value)}}},
            {"treated", {{"units", comparison.treated.units}, {"value", json_of(comparison.treated.value)}}},
            {"significant", comparison.is_significant},
            {"method", comparison.method}};
  if (comparison.belief) {
    const Belief& belief = *comparison.belief;
    made["belief"] = {{"better", json_of(belief.better)},
                      {"best", json_of(belief.best)},
                      {"equivalent", json_of(belief.equivalent)},
                      {"expected_loss", json_of(belief.expected_loss)}};
  } else {
    made["p_value"] = comparison.p_value;
    made["adjusted_p"] = comparison.adjusted_p;
  }
  if (comparison.difference) {
    made["difference"] = json_of(*comparison.difference);
    made["interval"] = interval_of(comparison.interval);
  }
  if (comparison.relative) {
    made["relative"] = json_of(*comparison.relative);
    made["relative_interval"] = interval_of(comparison.relative_interval);
  }
  if (!comparison.reason.empty()) made["reason"] = comparison.reason;
  return made;
}

}  // namespace troupe::experiment
