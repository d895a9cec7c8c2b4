#pragma once
// What users write as `kind: Experiment`: docs/experiments.md.

#include <array>

#include "actors/experiment/definition/definition.hpp"
#include "runtime/config/schema.hpp"

namespace troupe::protocol {

inline constexpr std::array unit_names{
    config::EnumName<UnitKind>{UnitKind::user, "user"}, config::EnumName<UnitKind>{UnitKind::session, "session"},
    config::EnumName<UnitKind>{UnitKind::key, "key"}, config::EnumName<UnitKind>{UnitKind::request, "request"}};
inline auto names_of(UnitKind) {
  return unit_names;
}

void describe(config::Schema<Segmentation>& schema);

}  // namespace troupe::protocol

namespace troupe::experiment {

inline constexpr std::array metric_kind_names{config::EnumName<MetricKind>{MetricKind::conversion, "conversion"},
                                              config::EnumName<MetricKind>{MetricKind::count, "count"},
                                              config::EnumName<MetricKind>{MetricKind::sum, "sum"},
                                              config::EnumName<MetricKind>{MetricKind::ratio, "ratio"},
                                              config::EnumName<MetricKind>{MetricKind::quantile, "quantile"},
                                              config::EnumName<MetricKind>{MetricKind::survival, "survival"}};
inline auto names_of(MetricKind) {
  return metric_kind_names;
}

inline constexpr std::array metric_role_names{config::EnumName<MetricRole>{MetricRole::goal, "goal"},
                                              config::EnumName<MetricRole>{MetricRole::guardrail, "guardrail"},
                                              config::EnumName<MetricRole>{MetricRole::watched, "watched"}};
inline auto names_of(MetricRole) {
  return metric_role_names;
}

inline constexpr std::array direction_names{config::EnumName<Direction>{Direction::increase, "increase"},
                                            config::EnumName<Direction>{Direction::decrease, "decrease"}};
inline auto names_of(Direction) {
  return direction_names;
}

inline constexpr std::array method_names{config::EnumName<Method>{Method::always_valid, "always_valid"},
                                         config::EnumName<Method>{Method::group_sequential, "group_sequential"},
                                         config::EnumName<Method>{Method::fixed, "fixed"},
                                         config::EnumName<Method>{Method::bayesian, "bayesian"}};
inline auto names_of(Method) {
  return method_names;
}

inline constexpr std::array action_names{config::EnumName<Action>{Action::notify, "notify"},
                                         config::EnumName<Action>{Action::promote, "promote"},
                                         config::EnumName<Action>{Action::roll_back, "roll_back"}};
inline auto names_of(Action) {
  return action_names;
}

inline constexpr std::array bandit_policy_names{
    config::EnumName<BanditPolicy>{BanditPolicy::thompson, "thompson"},
    config::EnumName<BanditPolicy>{BanditPolicy::ucb1, "ucb1"},
    config::EnumName<BanditPolicy>{BanditPolicy::epsilon_greedy, "epsilon_greedy"},
    config::EnumName<BanditPolicy>{BanditPolicy::linear, "linear"}};
inline auto names_of(BanditPolicy) {
  return bandit_policy_names;
}

void describe(config::Schema<PriceDefinition>& schema);
void describe(config::Schema<VariantDefinition>& schema);
void describe(config::Schema<MetricDefinition>& schema);
void describe(config::Schema<TargetDefinition>& schema);
void describe(config::Schema<DecisionRule>& schema);
void describe(config::Schema<BanditDefinition>& schema);
void describe(config::Schema<Definition>& schema);

}  // namespace troupe::experiment
