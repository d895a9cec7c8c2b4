#include "cluster/cli/render_rehearsal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>

#include "cluster/cli/table.hpp"
#include "runtime/base/units.hpp"

namespace troupe::cli {

using experiment::EffectSummary;
using experiment::Rehearsal;
using experiment::RehearsalQuestion;
using nlohmann::json;

namespace {

uint64_t decided(const Rehearsal& rehearsal) {
  return std::accumulate(rehearsal.wins.begin(), rehearsal.wins.end(), uint64_t{0});
}

double hours(Duration duration) {
  return std::chrono::duration<double, std::ratio<3600>>(duration).count();
}

std::string time_text(Duration duration) {
  const auto seconds = std::chrono::duration<double>(duration).count();
  if (seconds < 600) return fmt::format("{:.0f} s", seconds);
  if (seconds < 36'000) return fmt::format("{:.0f} min", seconds / 60);
  return seconds < 360'000 ? fmt::format("{:.1f} h", seconds / 3600) : fmt::format("{:.1f} days", seconds / 86'400);
}

/// "20 units a second", and their requests where these are drawn.
std::string traffic_text(const RehearsalQuestion& question) {
  const std::string units = fmt::format("{:g} units a second", question.units_per_second);
  return question.behaviour.requests == 1 ? units
                                          : fmt::format("{} of {:g} requests", units, question.behaviour.requests);
}

std::string ends_text(const RehearsalQuestion& question, const Rehearsal& rehearsal) {
  Table ends({"END", "RUNS", "SHARE"});
  const auto add = [&](const std::string& end, uint64_t runs) {
    ends.add({end, std::to_string(runs),
              fmt::format("{:.1f}%", 100.0 * static_cast<double>(runs) / static_cast<double>(rehearsal.runs))});
  };
  const auto& variants = question.definition.variants;
  for (size_t arm = 1; arm < variants.size(); ++arm)
    add(fmt::format("{} wins", variants[arm].name), rehearsal.wins[arm]);
  add(fmt::format("{} stays", variants[0].name), rehearsal.wins[0]);
  add("inconclusive", rehearsal.inconclusive);
  add("invalid", rehearsal.invalid);
  add("not over", rehearsal.undecided);
  return ends.str();
}

std::string alarms_text(const RehearsalQuestion& question, const Rehearsal& rehearsal) {
  const uint64_t alarms = decided(rehearsal);
  const std::string found =
      fmt::format("No variant differs, so each decision is a false alarm: {} of {}. ", alarms, rehearsal.runs);
  if (!rehearsal.keeps_alpha) return found + "The Bayesian method does not bound them.\n";
  return found + fmt::format("At alpha {:g} up to {} come by chance (99.9 %): {}.\n", question.definition.rule.alpha,
                             rehearsal.alarms_max, alarms <= rehearsal.alarms_max ? "good" : "TOO MANY");
}

std::string effects_text(const Rehearsal& rehearsal) {
  Table effects({"METRIC", "VARIANT", "TRUE", "BIAS", "ERROR", "BIAS DECIDED", "INTERVALS MISSED"});
  for (const EffectSummary& effect : rehearsal.effects)
    effects.add({effect.metric, effect.variant, fmt::format("{:+.4g}", effect.truth),
                 effect.runs == 0 ? "" : fmt::format("{:+.2g}", effect.bias),
                 effect.runs == 0 ? "" : fmt::format("{:.2g}", effect.bias_error),
                 effect.runs_decided == 0 ? "" : fmt::format("{:+.2g}", effect.bias_decided),
                 fmt::format("{}/{}", effect.intervals_missed, effect.runs)});
  return effects.str() +
         "Bias: mean estimate when a run ended, less the true difference. Of decided runs it points away from 0: they\n"
         "ended because the estimate was large.\n";
}

}  // namespace

std::string render_rehearsal(const RehearsalQuestion& question, const Rehearsal& rehearsal) {
  std::string text = fmt::format(
      "{}: {} runs of up to {}, {}, looked at each {}, seed {}\n\n", question.definition.name, rehearsal.runs,
      time_text(question.duration > Duration{0} ? question.duration : question.definition.rule.maximum_duration),
      traffic_text(question), format_duration(question.look_every), question.seed);
  text += ends_text(question, rehearsal) + "\n";
  if (rehearsal.units_median)
    text += fmt::format("Decided after {:.0f} units and {} in the median; 9 of 10 within {:.0f} units and {}.\n",
                        *rehearsal.units_median, time_text(*rehearsal.elapsed_median), *rehearsal.units_p90,
                        time_text(*rehearsal.elapsed_p90));
  if (rehearsal.is_null) text += alarms_text(question, rehearsal);
  if (!rehearsal.waiting.empty()) text += fmt::format("The last one that was not over {}.\n", rehearsal.waiting);
  if (!rehearsal.sickness.empty()) text += fmt::format("The last invalid one: {}\n", rehearsal.sickness);
  text += "\n" + effects_text(rehearsal);
  if (!rehearsal.not_drawn.empty())
    text += fmt::format("Nothing happened in {}: no behaviour was given.\n", fmt::join(rehearsal.not_drawn, ", "));
  return text;
}

json rehearsal_document(const RehearsalQuestion& question, const Rehearsal& rehearsal) {
  json document{{"experiment", question.definition.name},
                {"runs", rehearsal.runs},
                {"seed", question.seed},
                {"decided", decided(rehearsal)},
                {"wins", json::object()},
                {"inconclusive", rehearsal.inconclusive},
                {"invalid", rehearsal.invalid},
                {"not_over", rehearsal.undecided},
                {"effects", json::array()},
                {"not_drawn", rehearsal.not_drawn}};
  for (size_t arm = 0; arm < rehearsal.wins.size(); ++arm)
    document["wins"][question.definition.variants[arm].name] = rehearsal.wins[arm];
  if (rehearsal.units_median) {
    document["units"] = {{"median", *rehearsal.units_median}, {"p90", *rehearsal.units_p90}};
    document["hours"] = {{"median", hours(*rehearsal.elapsed_median)}, {"p90", hours(*rehearsal.elapsed_p90)}};
  }
  if (rehearsal.is_null) document["false_alarms"]["found"] = decided(rehearsal);
  if (rehearsal.is_null && rehearsal.keeps_alpha) document["false_alarms"]["most"] = rehearsal.alarms_max;
  for (const EffectSummary& effect : rehearsal.effects) {
    json one{{"metric", effect.metric},
             {"variant", effect.variant},
             {"true", effect.truth},
             {"runs", effect.runs},
             {"runs_decided", effect.runs_decided},
             {"intervals_missed", effect.intervals_missed}};
    if (effect.runs > 0) {
      one["bias"] = effect.bias;
      one["bias_error"] = effect.bias_error;
    }
    if (effect.runs_decided > 0) one["bias_decided"] = effect.bias_decided;
    document["effects"].push_back(std::move(one));
  }
  if (!rehearsal.waiting.empty()) document["waiting"] = rehearsal.waiting;
  if (!rehearsal.sickness.empty()) document["sickness"] = rehearsal.sickness;
  return document;
}

}  // namespace troupe::cli
