#include "actors/experiment/report/history_document.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace troupe::experiment {
namespace {

using nlohmann::json;

json number(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
}

json number(const std::optional<double>& value) {
  return value ? number(*value) : json(nullptr);
}

template <class T, class Get>
json column(const std::vector<T>& rows, Get get) {
  json made = json::array();
  for (const T& row : rows) made.push_back(get(row));
  return made;
}

json line_of(const Definition& definition, const HistoryLine& line) {
  const auto of = [&](auto get) { return column(line.points, get); };
  const MetricDefinition& metric = definition.metrics[line.metric];
  return {
      {"metric", metric.name},
      {"role", metric.role == MetricRole::goal ? "goal" : "guardrail"},
      {"direction", metric.direction == Direction::increase ? "increase" : "decrease"},
      {"variant", definition.variants[line.arm].name},
      {"control_units", of([](const HistoryPoint& p) { return json(p.control.units); })},
      {"control", of([](const HistoryPoint& p) { return p.control.units == 0 ? json() : number(p.control.value); })},
      {"units", of([](const HistoryPoint& p) { return json(p.treated.units); })},
      {"value", of([](const HistoryPoint& p) { return p.treated.units == 0 ? json() : number(p.treated.value); })},
      {"difference", of([](const HistoryPoint& p) { return number(p.difference); })},
      {"low", of([](const HistoryPoint& p) { return p.difference ? number(p.interval.low) : json(); })},
      {"high", of([](const HistoryPoint& p) { return p.difference ? number(p.interval.high) : json(); })},
      {"relative", of([](const HistoryPoint& p) { return number(p.relative); })},
      {"relative_low", of([](const HistoryPoint& p) { return p.relative ? number(p.relative_interval.low) : json(); })},
      {"relative_high",
       of([](const HistoryPoint& p) { return p.relative ? number(p.relative_interval.high) : json(); })}};
}

json traffic_of(const std::string& variant, const std::vector<StepTraffic>& steps) {
  const auto of = [&](auto get) { return column(steps, get); };
  const auto latency = [&](double Latencies::*quantile) {
    return of([&](const StepTraffic& s) { return s.latency_ms ? number((*s.latency_ms).*quantile) : json(); });
  };
  return {{"variant", variant},
          {"units", of([](const StepTraffic& s) { return json(s.units); })},
          {"requests", of([](const StepTraffic& s) { return number(s.requests); })},
          {"errors", of([](const StepTraffic& s) { return number(s.errors); })},
          {"satisfaction", of([](const StepTraffic& s) { return number(s.satisfaction); })},
          {"latency_ms",
           {{"p50", latency(&Latencies::p50)}, {"p95", latency(&Latencies::p95)}, {"p99", latency(&Latencies::p99)}}}};
}

}  // namespace

std::string document_of(const ExperimentRecord& record, const History& history) {
  const Definition& definition = record.definition;
  json document{{"experiment", definition.name},
                {"number", record.number},
                {"state", name_of(record.state)},
                {"from", to_iso8601(history.from)},
                {"times", column(history.times, [](WallTime time) { return json(to_iso8601(time)); })},
                {"satisfaction_of", nullptr},
                {"comparisons", json::array()},
                {"traffic", json::array()},
                {"posteriors", json::array()}};
  if (history.satisfaction_metric) document["satisfaction_of"] = definition.metrics[*history.satisfaction_metric].name;
  for (const HistoryLine& line : history.lines) document["comparisons"].push_back(line_of(definition, line));
  for (size_t arm = 0; arm < history.traffic.size(); ++arm)
    document["traffic"].push_back(traffic_of(definition.variants[arm].name, history.traffic[arm]));
  for (const ArmPosterior& posterior : history.posteriors)
    document["posteriors"].push_back({{"metric", definition.metrics[posterior.metric].name},
                                      {"variant", definition.variants[posterior.arm].name},
                                      {"a", posterior.rate.a},
                                      {"b", posterior.rate.b}});
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace troupe::experiment
