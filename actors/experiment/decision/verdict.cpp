#include "actors/experiment/decision/verdict.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "actors/experiment/analysis/planned_judge.hpp"
#include "actors/experiment/decision/comparison_json.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/lifecycle/revisions.hpp"

namespace troupe::experiment {
namespace {

using nlohmann::json;

/// +1: better, -1: worse.
int side(Direction direction, double difference) {
  const int sign = difference > 0 ? 1 : difference < 0 ? -1 : 0;
  return direction == Direction::increase ? sign : -sign;
}

/// How one variant stands.
struct Standing {
  const Comparison* best_goal = nullptr;  ///< Significantly better, and by enough.
  const Comparison* worse_goal = nullptr;
  const Comparison* harmed = nullptr;
  const Comparison* blind = nullptr;       ///< Of a guardrail.
  const Comparison* equivalent = nullptr;  ///< Of the first goal, where all are practically the same.

  bool has_lost() const { return harmed != nullptr || worse_goal != nullptr || equivalent != nullptr; }
};

/// From nothing there is no relative change: any that is sure is past every margin.
bool is_harmed(const MetricDefinition& metric, const Comparison& comparison) {
  const double margin = comparison.relative ? metric.margin : 0;
  const Interval& interval = comparison.relative ? comparison.relative_interval : comparison.interval;
  return metric.direction == Direction::increase ? interval.high < -margin : interval.low > margin;
}

/// So few values came that no harm, however great, could be seen yet. Where all values are alike nothing is hidden.
bool is_blind(const MetricDefinition& metric, const Comparison& comparison) {
  if (!comparison.difference) return comparison.lacks_values;
  const Interval& interval = comparison.interval;
  return std::isinf(metric.direction == Direction::increase ? interval.high : interval.low);
}

double improvement(const MetricDefinition& metric, const Comparison& comparison) {
  const double relative = comparison.relative.value_or(0);
  return metric.direction == Direction::increase ? relative : -relative;
}

Standing standing_of(const Definition& definition, const Analysis& analysis, uint32_t arm) {
  Standing standing;
  bool is_equivalent = true;
  for (const Comparison& comparison : analysis.comparisons) {
    if (comparison.arm != arm) continue;
    const MetricDefinition& metric = definition.metrics[comparison.metric];
    if (metric.role == MetricRole::guardrail && is_blind(metric, comparison)) standing.blind = &comparison;
    if (!comparison.difference) continue;
    if (metric.role == MetricRole::guardrail && is_harmed(metric, comparison)) standing.harmed = &comparison;
    if (metric.role != MetricRole::goal) continue;
    is_equivalent = is_equivalent && comparison.belief && comparison.belief->equivalent >= 1 - definition.rule.alpha;
    if (is_equivalent && standing.equivalent == nullptr) standing.equivalent = &comparison;
    if (!comparison.is_significant) continue;
    const int where = side(metric.direction, *comparison.difference);
    if (where < 0) standing.worse_goal = &comparison;
    if (where <= 0) continue;
    // From nothing there is no relative improvement: any is enough.
    const bool is_enough =
        !comparison.relative || improvement(metric, comparison) >= definition.rule.minimum_improvement;
    if (is_enough && standing.best_goal == nullptr) standing.best_goal = &comparison;
  }
  if (!is_equivalent) standing.equivalent = nullptr;
  return standing;
}

std::string name_of(const Definition& definition, uint32_t arm) {
  const VariantDefinition& variant = definition.variants[arm];
  return fmt::format("{} ({}@{})", variant.name, definition.model, variant.version);
}

std::string said(const Definition& definition, const Comparison& comparison) {
  return fmt::format("{} {}", definition.metrics[comparison.metric].name, text_of(comparison));
}

uint64_t units_in(const Analysis& analysis) {
  uint64_t units = 0;
  for (const uint64_t arm : analysis.units) units += arm;
  return units;
}

std::string sick_because(const Analysis& analysis) {
  std::vector<std::string> reasons;
  for (const Finding& finding : analysis.health)
    if (!finding.healthy) reasons.push_back(finding.sentence);
  return fmt::format("{}", fmt::join(reasons, " "));
}

bool has_units(const Definition& definition, const Analysis& analysis) {
  return std::ranges::all_of(analysis.units, [&](uint64_t units) { return units >= definition.rule.minimum_units; });
}

std::optional<Verdict> decided(const Definition& definition, const Analysis& analysis) {
  std::vector<uint32_t> losers;
  std::vector<std::string> why;
  const Comparison* best = nullptr;
  double best_by = 0;
  for (uint32_t arm = 1; arm < definition.variants.size(); ++arm) {
    const Standing standing = standing_of(definition, analysis, arm);
    if (standing.harmed != nullptr) {
      losers.push_back(arm);
      why.push_back(fmt::format("{} harms {}", name_of(definition, arm), said(definition, *standing.harmed)));
    } else if (standing.worse_goal != nullptr) {
      losers.push_back(arm);
      why.push_back(fmt::format("{} is worse: {}", name_of(definition, arm), said(definition, *standing.worse_goal)));
    } else if (standing.equivalent != nullptr) {
      losers.push_back(arm);
      why.push_back(fmt::format("{} is practically the same: {}, within ±{:.3g} % with probability {:.3g}",
                                name_of(definition, arm), said(definition, *standing.equivalent),
                                100 * definition.rule.minimum_effect, standing.equivalent->belief->equivalent));
    } else if (standing.best_goal != nullptr && standing.blind == nullptr) {
      const double by = improvement(definition.metrics[standing.best_goal->metric], *standing.best_goal);
      if (best != nullptr && by <= best_by) continue;
      best = standing.best_goal;
      best_by = by;
    }
  }
  if (best != nullptr) {
    const bool has_guardrails = std::ranges::any_of(
        definition.metrics, [](const auto& metric) { return metric.role == MetricRole::guardrail; });
    return Verdict{State::decided, best->arm, losers,
                   fmt::format("{} is better than {}: {}, after {} units{}.", name_of(definition, best->arm),
                               name_of(definition, 0), said(definition, *best), units_in(analysis),
                               has_guardrails ? "; no guardrail is harmed" : "")};
  }
  if (losers.size() + 1 < definition.variants.size()) return std::nullopt;
  return Verdict{
      State::decided, 0, losers,
      fmt::format("{} stays: {}, after {} units.", name_of(definition, 0), fmt::join(why, "; "), units_in(analysis))};
}

/// Variants that only a guardrail keeps from winning, of which nothing can be told yet: "too few values of p95 came to
/// tell whether treatment harms it". Empty: there is none.
std::string held_back(const Definition& definition, const Analysis& analysis) {
  std::vector<std::string> guards;
  for (uint32_t arm = 1; arm < definition.variants.size(); ++arm) {
    const Standing standing = standing_of(definition, analysis, arm);
    if (standing.has_lost() || standing.best_goal == nullptr || standing.blind == nullptr) continue;
    guards.push_back(fmt::format("too few values of {} came to tell whether {} harms it",
                                 definition.metrics[standing.blind->metric].name, definition.variants[arm].name));
  }
  return fmt::format("{}", fmt::join(guards, "; "));
}

/// `why`: what is over.
Verdict undecided(const Definition& definition, const Analysis& analysis, std::string_view why) {
  if (const std::string guards = held_back(definition, analysis); !guards.empty())
    return {State::inconclusive, {}, {}, fmt::format("{}, and nothing is decided: {}.", why, guards)};
  std::vector<std::string> goals;
  for (const Comparison& comparison : analysis.comparisons)
    if (definition.metrics[comparison.metric].role == MetricRole::goal)
      goals.push_back(fmt::format("{} of {}", said(definition, comparison), definition.variants[comparison.arm].name));
  return {
      State::inconclusive,
      {},
      {},
      fmt::format("{}, and no variant is surely better or worse by what was asked: {}.", why, fmt::join(goals, "; "))};
}

Verdict time_is_over(const Definition& definition, const Analysis& analysis) {
  if (units_in(analysis) == 0)
    return {State::inconclusive, {}, {}, "No traffic came to this experiment, so nothing can be said of its variants."};
  if (!analysis.is_healthy)
    return {State::invalid, {}, {}, fmt::format("The numbers cannot be trusted: {}", sick_because(analysis))};
  if (!has_units(definition, analysis))
    return {State::inconclusive,
            {},
            {},
            fmt::format("Its time is over with too few units: it {}.", waiting_for(definition, analysis))};
  return undecided(definition, analysis, "Its time is over");
}

bool is_planned(const Definition& definition) {
  return definition.rule.method == Method::fixed || definition.rule.method == Method::group_sequential;
}

bool is_over(const Definition& definition, const Analysis& analysis) {
  const auto ends = ends_at(definition);
  return analysis.elapsed >= definition.rule.maximum_duration || (ends && analysis.at >= *ends);
}

}  // namespace

std::optional<Verdict> decide(const Definition& definition, const Analysis& analysis) {
  if (analysis.is_healthy && has_units(definition, analysis)) {
    if (auto verdict = decided(definition, analysis)) return verdict;
    if (analysis.is_final) return undecided(definition, analysis, "The sample that was planned is there");
  }
  if (is_over(definition, analysis)) return time_is_over(definition, analysis);
  return std::nullopt;
}

std::string waiting_for(const Definition& definition, const Analysis& analysis) {
  if (units_in(analysis) == 0) return "waits for traffic";
  if (!analysis.is_healthy)
    return fmt::format("decides nothing while its numbers cannot be trusted: {}", sick_because(analysis));
  std::vector<std::string> missing;
  for (size_t arm = 0; arm < analysis.units.size(); ++arm)
    if (analysis.units[arm] < definition.rule.minimum_units)
      missing.push_back(fmt::format("{} more units of {}", definition.rule.minimum_units - analysis.units[arm],
                                    definition.variants[arm].name));
  if (!missing.empty()) return fmt::format("needs {}", fmt::join(missing, " and "));
  if (is_planned(definition))
    if (const auto next = next_look_units(definition.rule, analysis.looks))
      return fmt::format("is looked at next with {} units of each variant; the smallest has {}", *next,
                         *std::ranges::min_element(analysis.units));
  if (const std::string guards = held_back(definition, analysis); !guards.empty())
    return "decides nothing yet: " + guards;
  return "has no difference yet that is sure";
}

std::string document_of(const Definition& definition, const Analysis& analysis, const std::optional<Verdict>& verdict) {
  json document{{"experiment", definition.name},
                {"question", definition.question},
                {"at_unix_us", unix_microseconds(analysis.at)},
                {"elapsed_seconds", analysis.elapsed / std::chrono::seconds{1}},
                {"healthy", analysis.is_healthy},
                {"variants", json::array()},
                {"comparisons", json::array()},
                {"health", json::array()},
                {"looks", json::array()}};
  for (const PlannedLook& look : analysis.looks)
    document["looks"].push_back(
        {{"number", look.number}, {"at_unix_us", look.at_unix_us}, {"units", look.units}, {"fraction", look.fraction}});
  const bool has_one_weight = !weighs_segments(definition);
  for (size_t arm = 0; arm < definition.variants.size(); ++arm)
    document["variants"].push_back({{"name", definition.variants[arm].name},
                                    {"version", definition.variants[arm].version},
                                    {"weight", has_one_weight ? json(definition.variants[arm].weight) : json(nullptr)},
                                    {"units", arm < analysis.units.size() ? analysis.units[arm] : 0}});
  for (const Comparison& comparison : analysis.comparisons)
    document["comparisons"].push_back(json_of(definition, comparison));
  for (const Finding& finding : analysis.health)
    document["health"].push_back({{"check", name_of(finding.check)},
                                  {"healthy", finding.healthy},
                                  {"value", json_of(finding.value)},
                                  {"sentence", finding.sentence}});
  if (verdict) {
    document["state"] = name_of(verdict->state);
    document["sentence"] = verdict->sentence;
    if (verdict->winner) document["winner"] = definition.variants[*verdict->winner].name;
    document["losers"] = json::array();
    for (const uint32_t arm : verdict->losers) document["losers"].push_back(definition.variants[arm].name);
  } else {
    document["state"] = name_of(State::running);
    document["sentence"] = fmt::format("It {}.", waiting_for(definition, analysis));
  }
  return document.dump();
}

}  // namespace troupe::experiment
