#pragma once
// Definition: what somebody asks of live traffic. The same struct is the YAML (`kind: Experiment`), the record in the
// control state, and what the logic works by.

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/experiments.hpp"

namespace troupe::experiment {

/// What a unit's value of a metric is, and with it how arms are compared.
enum class MetricKind : uint8_t {
  conversion = 1,  ///< 1 where the unit has any event of the measure, else 0.
  count = 2,       ///< How many.
  sum = 3,         ///< Their sum.
  ratio = 4,     ///< The sum of the measure by the sum of another, or by the number of its own events: units clustered.
  quantile = 5,  ///< Of the single events.
  survival = 6,  ///< Time from exposure to the first event. `increase` is better: it happens sooner.
};

enum class MetricRole : uint8_t {
  goal = 1,       ///< Decides.
  guardrail = 2,  ///< Must not get worse by more than its margin.
  watched = 3,    ///< Is shown.
};

enum class Direction : uint8_t { increase = 1, decrease = 2 };  ///< Which way is better.

struct MetricDefinition {
  std::string name;
  MetricKind kind = MetricKind::conversion;
  std::string of;         ///< The measure: an outcome's name or one of attempts; empty: the metric's name.
  std::string per;        ///< Of a ratio: the other measure; empty: the number of events of the first.
  double quantile = 0.5;  ///< Of a quantile: [0.0001, 0.9999].
  MetricRole role = MetricRole::watched;
  Direction direction = Direction::increase;
  double margin = 0;            ///< Of a guardrail: by how much worse it may be, relative to the control.
  std::optional<double> least;  ///< Winsorising: a unit's total is held to these.
  std::optional<double> most;
  bool covariate = false;  ///< What a unit did before its exposure takes noise out (CUPED).
  bool operator==(const MetricDefinition&) const = default;
  static constexpr auto fields() {
    using M = MetricDefinition;
    return std::tuple{&M::name,      &M::kind,   &M::of,    &M::per,  &M::quantile, &M::role,
                      &M::direction, &M::margin, &M::least, &M::most, &M::covariate};
  }
};

/// What attempts of a variant cost, in whatever currency: each number is 0, or from `price_min` to `price_max`.
struct PriceDefinition {
  double request = 0;
  double prompt_token = 0;
  double completion_token = 0;
  bool operator==(const PriceDefinition&) const = default;
  static constexpr auto fields() {
    using P = PriceDefinition;
    return std::tuple{&P::request, &P::prompt_token, &P::completion_token};
  }
};

inline constexpr double price_min = 1e-12;  ///< Less could not be told from nothing.
inline constexpr double price_max = 1000;

struct VariantDefinition {
  std::string name;
  std::string version;  ///< Of the experiment's model.
  double weight = 0;
  std::optional<PriceDefinition> price{};        ///< None: not known, so that no metric may ask for `cost`.
  std::map<std::string, std::string> factors{};  ///< And their levels: definition/factors.hpp. Of all variants or none.
  bool operator==(const VariantDefinition&) const = default;
  static constexpr auto fields() {
    using V = VariantDefinition;
    return std::tuple{&V::name, &V::version, &V::weight, &V::price, &V::factors};
  }
};

/// All that are given must hold.
struct TargetDefinition {
  std::string feature;
  std::vector<std::string> in;
  std::vector<std::string> not_in;
  std::optional<double> at_least;
  std::optional<double> below;
  std::optional<bool> present;
  bool operator==(const TargetDefinition&) const = default;
  static constexpr auto fields() {
    using T = TargetDefinition;
    return std::tuple{&T::feature, &T::in, &T::not_in, &T::at_least, &T::below, &T::present};
  }
};

enum class Method : uint8_t {
  always_valid = 1,      ///< May be looked at, and decide, at any time.
  group_sequential = 2,  ///< At some looks that are planned.
  fixed = 3,             ///< Once, when the sample that was planned is there.
  bayesian = 4,
};

enum class Action : uint8_t {
  notify = 1,     ///< Say so.
  promote = 2,    ///< The winner takes the traffic.
  roll_back = 3,  ///< A loser's traffic goes to the control; a winner is only told of.
};

/// When an experiment is decided, and what follows.
struct DecisionRule {
  Method method = Method::always_valid;
  double alpha = 0.05;                ///< Chance of any false verdict, over goals, variants and looks.
  double power = 0.8;                 ///< With which
  double minimum_effect = 0.05;       ///< this effect, relative to the control, should be found: plans the sample.
  double minimum_improvement = 0.05;  ///< Relative; a winner must be better by that much, by its point estimate.
  uint64_t minimum_units = 1000;      ///< Of each variant, before anything is decided.
  Duration maximum_duration = std::chrono::hours{24 * 30};
  uint64_t planned_units = 0;  ///< Of each variant, for fixed and group_sequential: the sample that was planned.
  uint32_t looks = 5;          ///< Of group_sequential.
  Action action = Action::notify;
  bool operator==(const DecisionRule&) const = default;
  static constexpr auto fields() {
    using R = DecisionRule;
    return std::tuple{
        &R::method,           &R::alpha, &R::power,  &R::minimum_effect, &R::minimum_improvement, &R::minimum_units,
        &R::maximum_duration, &R::looks, &R::action, &R::planned_units};
  }
};

enum class BanditPolicy : uint8_t {
  thompson = 1,
  ucb1 = 2,
  epsilon_greedy = 3,
  linear = 4,  ///< Weights of each of the definition's segments, by a linear model over their parts (LinUCB).
};

/// Weights that follow what variants earn, by the first goal: each change is a revision like any other.
struct BanditDefinition {
  BanditPolicy policy = BanditPolicy::thompson;
  Duration every = std::chrono::minutes{10};  ///< How often weights are set.
  double floor = 0.05;                        ///< The share that every variant keeps.
  double epsilon = 0.1;                       ///< Of epsilon_greedy: the share that is spread over all.
  bool operator==(const BanditDefinition&) const = default;
  static constexpr auto fields() {
    using B = BanditDefinition;
    return std::tuple{&B::policy, &B::every, &B::floor, &B::epsilon};
  }
};

struct Definition {
  std::string name;
  std::string model;
  std::string question;  ///< For readers.
  protocol::UnitKind unit = protocol::UnitKind::user;
  std::vector<VariantDefinition> variants;  ///< The first is the control.
  std::vector<MetricDefinition> metrics;
  Duration window = std::chrono::hours{24};  ///< Outcomes count up to so long after a unit's exposure.
  Duration before{0};                        ///< Covariates look back so far.
  std::string layer = "default";             ///< Experiments of a layer never share a unit.
  double share = 1;                          ///< Of the layer's units.
  std::vector<TargetDefinition> targets;
  std::map<std::string, std::string> overrides;  ///< Units and their variants, for testing; they are not counted.
  DecisionRule rule;
  std::string starts;  ///< RFC 3339: a draft starts by itself then; empty: when somebody says so.
  std::string ends;    ///< Likewise: it ends then at the latest.
  std::optional<BanditDefinition> bandit;
  std::vector<protocol::Segmentation> segments;  ///< By which units are told apart, to see whether variants do alike.
  bool operator==(const Definition&) const = default;
  static constexpr auto fields() {
    using D = Definition;
    return std::tuple{&D::name,   &D::model,  &D::question, &D::unit,   &D::variants, &D::metrics,
                      &D::window, &D::before, &D::layer,    &D::share,  &D::targets,  &D::overrides,
                      &D::rule,   &D::starts, &D::ends,     &D::bandit, &D::segments};
  }
};

inline constexpr size_t variants_max = 16;
inline constexpr size_t metrics_max = 64;
inline constexpr size_t segmentations_max = 4;
inline constexpr uint32_t weighed_segments_max = 64;  ///< Of BanditPolicy::linear.

/// Whether the parts fit together: weights, names, measures, roles. invalid_argument names the part, and the nearest
/// right name; `field` is its path in the YAML, such as "metrics[1]".
Status check(const Definition& definition);

}  // namespace troupe::experiment
