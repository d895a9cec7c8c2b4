#pragma once
// A definition made into what gateways and ledgers work by.

#include "actors/experiment/assignment/allocation.hpp"
#include "actors/experiment/definition/definition.hpp"
#include "actors/experiment/ledger/rules.hpp"
#include "actors/experiment/lifecycle/record.hpp"

namespace troupe::experiment {

/// Of a definition that check() accepts; `number` is the experiment's own, `starts` when it started.
Rules rules_of(const Definition& definition, uint32_t number, WallTime starts);

/// Of an experiment that has started.
Rules rules_of(const ExperimentRecord& record);

/// Index, in those rules, of a ratio that is counted of every experiment after the metrics that it asks for: x errors,
/// y requests.
uint32_t traffic_metric(const Definition& definition);

std::vector<protocol::TargetCondition> conditions_of(const Definition& definition);

/// Of definitions that check() accepts.
std::optional<WallTime> starts_at(const Definition& definition);
std::optional<WallTime> ends_at(const Definition& definition);

/// The measure of attempts that takes prices.
inline constexpr const char* cost_measure = "cost";

/// Names of measures that attempts give by themselves.
std::vector<std::string> attempt_measure_names();
/// What a metric is of: an outcome's name, or what of attempts.
const std::string& measure_of(const MetricDefinition& metric);

}  // namespace troupe::experiment
