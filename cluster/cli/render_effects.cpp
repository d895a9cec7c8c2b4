#include "cluster/cli/render_effects.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/cli/table.hpp"

namespace troupe::cli {

using nlohmann::json;

namespace {

/// "prompt: long against short", or of two "prompt: long × temperature: high".
std::string name_of(const json& effect) {
  const json& levels = effect.at("levels");
  std::string name;
  for (const auto& [factor, level] : levels.items()) {
    name += fmt::format("{}{}: {}", name.empty() ? "" : " × ", factor, level.get<std::string>());
    if (levels.size() == 1) name += " against " + effect.at("against").at(factor).get<std::string>();
  }
  return name;
}

std::string interval_of(const json& effect) {
  if (!effect.contains("interval")) return effect.value("reason", "");
  return fmt::format("[{:+.4g}, {:+.4g}]", effect["interval"][0].get<double>(), effect["interval"][1].get<double>());
}

}  // namespace

bool has_effects(const json& experiment) {
  const json variants = experiment.value("variants", json::array());
  return experiment.contains("started") && experiment["started"].is_string() &&
         std::ranges::any_of(variants, [](const json& variant) { return variant.contains("factors"); });
}

std::string render_effects(const json& effects) {
  if (effects.contains("error"))
    return fmt::format("\nEffects of factors are not known: {}\n", effects["error"].get<std::string>());
  std::string text = fmt::format("\nEffects of factors; intervals hold at any time, all together at {:g} %\n",
                                 100 * (1 - effects.value("alpha", 0.0)));
  Table table({"METRIC", "EFFECT", "UNITS", "DIFFERENCE", "ERROR", "INTERVAL", "SURE"});
  for (const json& effect : effects.at("effects")) {
    const bool is_known = effect.contains("difference");
    table.add({effect.at("metric").get<std::string>(), name_of(effect), std::to_string(effect.value("units", 0)),
               is_known ? fmt::format("{:+.4g}", effect["difference"].get<double>()) : "",
               is_known ? fmt::format("{:.3g}", effect["standard_error"].get<double>()) : "", interval_of(effect),
               effect.value("sure", false) ? "yes" : "no"});
  }
  if (table.size() > 0) text += table.str();
  for (const json& one : effects.at("not_told"))
    text += fmt::format("{} has no effects here: {}\n", one.at("metric").get<std::string>(),
                        one.at("reason").get<std::string>());
  return text;
}

}  // namespace troupe::cli
